"""The one public door to runs: start, cancel, supervise, sweep. Each function's contract stands where it is written."""

from runs.cancelling import cancel
from runs.plans import PlanInvalid, RunPlan
from runs.references import ModelUnusable
from runs.requests import NotEnoughExamples, NothingToMeasure
from runs.starting import StillCancelling, start_annotate, start_distil
from runs.supervision import supervise
from runs.sweeping import sweep

__all__ = [
    "ModelUnusable",
    "NotEnoughExamples",
    "NothingToMeasure",
    "PlanInvalid",
    "RunPlan",
    "StillCancelling",
    "cancel",
    "start_annotate",
    "start_distil",
    "supervise",
    "sweep",
]
