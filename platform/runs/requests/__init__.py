"""What a run is asked to do: its plan, its inputs, its teacher and its estimate."""

from runs.requests.estimates import ChainEstimate, device_price, estimate_of, estimate_runs, from_json
from runs.requests.plan_options import add_plan_arguments, plan_of
from runs.requests.plans import (
    LISTS,
    RANGES,
    STUDENT_LEARNING_RATES,
    STUDENT_STEPS,
    TEACHER_LEARNING_RATES,
    TEACHER_STEPS,
    RunPlan,
)
from runs.requests.run_requests import (
    MOST_EXAMPLES,
    Asked,
    Inputs,
    NotEnoughExamples,
    NothingToMeasure,
    RunRequest,
    check_count,
    check_test,
    check_unlabelled,
    fix_inputs,
)
from runs.requests.teachers import Teacher, finished_teachers, teacher_of

__all__ = [
    "LISTS",
    "MOST_EXAMPLES",
    "RANGES",
    "STUDENT_LEARNING_RATES",
    "STUDENT_STEPS",
    "TEACHER_LEARNING_RATES",
    "TEACHER_STEPS",
    "Asked",
    "ChainEstimate",
    "Inputs",
    "NotEnoughExamples",
    "NothingToMeasure",
    "RunPlan",
    "RunRequest",
    "Teacher",
    "add_plan_arguments",
    "check_count",
    "check_test",
    "check_unlabelled",
    "device_price",
    "estimate_of",
    "estimate_runs",
    "finished_teachers",
    "fix_inputs",
    "from_json",
    "plan_of",
    "teacher_of",
]
