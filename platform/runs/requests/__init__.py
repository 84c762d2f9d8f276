"""What a run is asked to do: a request, its plan, its inputs, its chain of runs and their estimate."""

from runs.requests.chain import Chain, PlannedRun, chain_of, request_key
from runs.requests.estimates import (
    ChainEstimate,
    device_price,
    estimate_from_json,
    estimate_runs,
    estimate_to_json,
)
from runs.requests.inputs import (
    MOST_EXAMPLES,
    FixedInputs,
    NothingToMeasure,
    RunRequest,
    check_test,
    check_unlabelled,
    count_inputs,
    fix_inputs,
)
from runs.requests.plan import RunPlan
from runs.requests.plan_options import add_plan_arguments, plan_of
from runs.requests.teachers import finished_teachers
from studies.snapshots import NotEnoughExamples
from training.spec import FormGroup, Setting, settings_of

__all__ = [
    "MOST_EXAMPLES",
    "Chain",
    "ChainEstimate",
    "FixedInputs",
    "FormGroup",
    "NotEnoughExamples",
    "NothingToMeasure",
    "PlannedRun",
    "RunPlan",
    "RunRequest",
    "Setting",
    "add_plan_arguments",
    "chain_of",
    "check_test",
    "check_unlabelled",
    "count_inputs",
    "device_price",
    "estimate_from_json",
    "estimate_runs",
    "estimate_to_json",
    "finished_teachers",
    "fix_inputs",
    "plan_of",
    "request_key",
    "settings_of",
]
