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
    NotEnoughExamples,
    NothingToMeasure,
    RunRequest,
    check_test,
    check_unlabelled,
    count_inputs,
    fix_inputs,
)
from runs.requests.plan import (
    LISTS,
    RANGES,
    STUDENT_LEARNING_RATES,
    STUDENT_STEPS,
    TEACHER_LEARNING_RATES,
    TEACHER_STEPS,
    RunPlan,
)
from runs.requests.plan_options import add_plan_arguments, plan_of
from runs.requests.teachers import finished_teachers

__all__ = [
    "LISTS",
    "MOST_EXAMPLES",
    "RANGES",
    "STUDENT_LEARNING_RATES",
    "STUDENT_STEPS",
    "TEACHER_LEARNING_RATES",
    "TEACHER_STEPS",
    "Chain",
    "ChainEstimate",
    "FixedInputs",
    "NotEnoughExamples",
    "NothingToMeasure",
    "PlannedRun",
    "RunPlan",
    "RunRequest",
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
]
