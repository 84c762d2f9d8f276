"""What people do with runs: start, pause, resume, extend, cancel."""

from runs.control.cancelling import cancel, cancelled_with
from runs.control.extending import extend, go_on
from runs.control.pausing import pause, resume, wake, why_paused
from runs.control.starting import StartedRuns, StillCancelling, start_annotate, start_distil, start_runs

__all__ = [
    "StartedRuns",
    "StillCancelling",
    "cancel",
    "cancelled_with",
    "extend",
    "go_on",
    "pause",
    "resume",
    "start_annotate",
    "start_distil",
    "start_runs",
    "wake",
    "why_paused",
]
