"""The one public door to runs. Each function's contract is where it is defined."""

from runs.cancelling import cancel
from runs.estimates import estimate_runs
from runs.extending import RunOver, extend
from runs.licences import LicenceInvalid, LicenceUnconfirmed, OutputsMayNotTrain, state_licence
from runs.pausing import NothingToPause, OutOfMinutes, pause, resume
from runs.plans import PlanInvalid, RunPlan
from runs.preflight import PreflightRefused, preflight
from runs.references import ModelUnusable
from runs.repeating import NothingToRepeat, Repeat, RepeatFailed, repeat
from runs.requests import NotEnoughExamples, NothingToMeasure
from runs.starting import StillCancelling, start_annotate, start_distil, what_was_started
from runs.supervision import supervise
from runs.sweeping import sweep
from runs.teachers import TeacherUnusable
from runs.worst_case import WorstCaseDoesNotFit

__all__ = [
    "LicenceInvalid",
    "LicenceUnconfirmed",
    "ModelUnusable",
    "NotEnoughExamples",
    "NothingToMeasure",
    "NothingToPause",
    "NothingToRepeat",
    "OutOfMinutes",
    "OutputsMayNotTrain",
    "PlanInvalid",
    "PreflightRefused",
    "Repeat",
    "RepeatFailed",
    "RunOver",
    "RunPlan",
    "StillCancelling",
    "TeacherUnusable",
    "WorstCaseDoesNotFit",
    "cancel",
    "estimate_runs",
    "extend",
    "pause",
    "preflight",
    "repeat",
    "resume",
    "start_annotate",
    "start_distil",
    "state_licence",
    "supervise",
    "sweep",
    "what_was_started",
]
