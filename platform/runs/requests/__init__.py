"""What a run is asked to do: a request, its plan, its inputs, its chain of runs and their estimate."""

from runs.requests.building import chain_of, finished_teachers
from runs.requests.chain import Chain, PlannedRun, request_key
from runs.requests.estimates import (
    ChainEstimate,
    PastRun,
    RunEstimate,
    RunHistory,
    device_price,
    estimate_by_kin,
    estimate_from_json,
    estimate_runs,
    estimate_to_json,
    past_runs,
)
from runs.requests.inputs import (
    MOST_EXAMPLES,
    FixedInputs,
    Inputs,
    NothingToMeasure,
    RunRequest,
    check_test,
    check_unlabelled,
    count_inputs,
    fix_inputs,
)
from runs.requests.language_models import connection_of, is_language_model, keep_prompt, prompt_of
from runs.requests.plan import (
    FOR_DISTIL,
    HYBRID_EPOCHS,
    ONE_FOR_ALL,
    WITHOUT_LABELS,
    RunPlan,
    recipes_of,
    teachings_of,
    trains,
)
from runs.requests.token_estimates import TokenEstimate, estimate_tokens
from runs.requests.work import work_of
from studies.snapshots import NotEnoughExamples
from training.spec import FormGroup, Setting, settings_of

__all__ = [
    "FOR_DISTIL",
    "HYBRID_EPOCHS",
    "MOST_EXAMPLES",
    "ONE_FOR_ALL",
    "WITHOUT_LABELS",
    "Chain",
    "ChainEstimate",
    "FixedInputs",
    "FormGroup",
    "Inputs",
    "NotEnoughExamples",
    "NothingToMeasure",
    "PastRun",
    "PlannedRun",
    "RunEstimate",
    "RunHistory",
    "RunPlan",
    "RunRequest",
    "Setting",
    "TokenEstimate",
    "chain_of",
    "check_test",
    "check_unlabelled",
    "connection_of",
    "count_inputs",
    "device_price",
    "estimate_by_kin",
    "estimate_from_json",
    "estimate_runs",
    "estimate_to_json",
    "estimate_tokens",
    "finished_teachers",
    "fix_inputs",
    "is_language_model",
    "keep_prompt",
    "past_runs",
    "prompt_of",
    "recipes_of",
    "request_key",
    "settings_of",
    "teachings_of",
    "trains",
    "work_of",
]
