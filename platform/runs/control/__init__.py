"""What people do with runs: start, pause, resume, extend, cancel."""

from runs.control.cancelling import cancel, cancelled_with
from runs.control.extending import extend, go_on
from runs.control.pausing import pause, resume, wake, why_paused
from runs.control.starting import StillCancelling, start_annotate, start_distil, what_was_started

__all__ = [
    "StillCancelling",
    "cancel",
    "cancelled_with",
    "extend",
    "go_on",
    "pause",
    "resume",
    "start_annotate",
    "start_distil",
    "wake",
    "what_was_started",
    "why_paused",
]
