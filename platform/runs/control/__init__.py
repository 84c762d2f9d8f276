"""What people do with runs: start, pause, resume, extend, cancel."""

from runs.control.cancelling import cancel, cancelled_with
from runs.control.extending import extend, extend_automatically
from runs.control.pausing import pause, resume, resume_if_possible, why_paused
from runs.control.starting import StartedRuns, start_all, start_annotate, start_distil, start_runs

__all__ = [
    "StartedRuns",
    "cancel",
    "cancelled_with",
    "extend",
    "extend_automatically",
    "pause",
    "resume",
    "resume_if_possible",
    "start_all",
    "start_annotate",
    "start_distil",
    "start_runs",
    "why_paused",
]
