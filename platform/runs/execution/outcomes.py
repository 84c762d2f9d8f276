"""What the end of an attempt means for its run."""

import signal
from dataclasses import dataclass
from enum import StrEnum

from runs.models import Ending, RunState
from training.contract import EXIT_DISK_FULL, EXIT_DONE, EXIT_PERMANENT, EXIT_STOPPED


class StopReason(StrEnum):
    CANCEL = "cancel"
    PAUSE = "pause"
    TIME = "time"
    HAND_OVER = "hand over"


SECONDS_BETWEEN_RENEWALS = 0.5
# How long a trainer may take to save and exit. A cancelled one saves nothing that is used, and people wait for it; one
# that is handed over saves what the next attempt resumes from, before its worker is killed (after 8 s, embedded).
SECONDS_TO_LEAVE = {StopReason.CANCEL: 3.5, StopReason.PAUSE: 6.0, StopReason.TIME: 5.0, StopReason.HAND_OVER: 6.0}
# Exiting counts towards the time limit, so that the hold covers it.
SECONDS_BEFORE_LIMIT = SECONDS_TO_LEAVE[StopReason.TIME] + 2 * SECONDS_BETWEEN_RENEWALS
# An auto-extending run is extended so early that it is known, before it must exit, whether there is money.
SECONDS_BEFORE_SHORT = SECONDS_BEFORE_LIMIT + 4.0


@dataclass(frozen=True, kw_only=True)
class AttemptEvidence:
    """What is known when an attempt ends. `exit_code` is None where it is not known.

    `obstacle` is what a person must remove before it goes on: a language model that does not answer, a lack of money.
    """

    exit_code: int | None
    stop: StopReason | None
    has_result: bool
    num_crashes: int
    max_attempts: int
    max_seconds: int
    error: str = ""
    disk_full: bool = False
    pause_reason: str = ""
    auto_extends: bool = False
    obstacle: str = ""


@dataclass(frozen=True)
class AttemptOutcome:
    """The attempt's ending, the run's next state, and both as a text; whether a person must resume the run."""

    ending: Ending
    state: RunState
    text: str
    needs_person: bool = False


def attempt_outcome(evidence: AttemptEvidence) -> AttemptOutcome:
    """Decide an attempt's outcome. A result counts even if it was being cancelled, stopped or killed: it is paid."""
    if evidence.has_result and evidence.exit_code != EXIT_PERMANENT:
        return AttemptOutcome(Ending.SUCCEEDED, RunState.SUCCEEDED, "done")
    if evidence.stop == StopReason.CANCEL:
        return AttemptOutcome(Ending.CANCELLED, RunState.CANCELLED, "cancelled")
    if evidence.exit_code == EXIT_PERMANENT:
        text = evidence.error or "The trainer rejected its input without a message; see the log."
        return AttemptOutcome(Ending.FAILED, RunState.FAILED, text)
    if evidence.disk_full or evidence.exit_code == EXIT_DISK_FULL:
        # Free space may not last, so a person resumes it.
        text = evidence.error or "the disk for runs is full"
        return AttemptOutcome(Ending.DISK_FULL, RunState.PAUSED, text, needs_person=True)
    if evidence.obstacle and evidence.stop is None:
        return AttemptOutcome(Ending.PAUSED, RunState.PAUSED, evidence.obstacle, needs_person=True)
    if evidence.stop == StopReason.PAUSE:
        return AttemptOutcome(Ending.PAUSED, RunState.PAUSED, evidence.pause_reason)
    if evidence.stop == StopReason.TIME:
        # Auto-extending runs time out only when a cap blocks the extension: without money the budget would be stopped.
        capped = ", and a cap on its budget leaves no money for more" if evidence.auto_extends else ""
        text = f"its {evidence.max_seconds / 60:g} minutes are used up{capped}"
        return AttemptOutcome(Ending.OUT_OF_TIME, RunState.PAUSED, text)
    if evidence.stop == StopReason.HAND_OVER:
        return AttemptOutcome(Ending.HANDED_OVER, RunState.QUEUED, "handed over: its worker is shutting down")
    return _interrupted(evidence)


def _interrupted(evidence: AttemptEvidence) -> AttemptOutcome:
    ending = Ending.LOST if evidence.exit_code is None and not evidence.error else Ending.CRASHED
    cause = _describe_exit(evidence)
    if evidence.num_crashes + 1 < evidence.max_attempts:
        return AttemptOutcome(ending, RunState.QUEUED, f"{cause}; tried again")
    text = f"Failed after {evidence.num_crashes + 1} interrupted attempts. The last: {cause}. See the log."
    return AttemptOutcome(ending, RunState.FAILED, text)


def _describe_exit(evidence: AttemptEvidence) -> str:
    code = evidence.exit_code
    if evidence.error:
        return evidence.error
    if code is None:
        return "its worker was lost"
    if code < 0:
        return f"the trainer was killed by {signal.Signals(-code).name}"
    if code == EXIT_STOPPED:
        return "the trainer was stopped from outside"
    if code == EXIT_DONE:
        return "the trainer ended without a result"
    return f"the trainer crashed with exit code {code}"
