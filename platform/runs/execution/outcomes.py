"""What the end of an attempt means for its run: a pure decision, so that every ending has one rule."""

import signal
from dataclasses import dataclass
from enum import StrEnum

from runs.models import Ending, RunState
from training.contract import EXIT_DISK_FULL, EXIT_PERMANENT, EXIT_STOPPED


class Stop(StrEnum):
    """Why we asked a trainer to stop."""

    CANCEL = "cancel"
    PAUSE = "pause"
    TIME = "time"
    HAND_OVER = "hand over"


SECONDS_BETWEEN_BEATS = 0.5
# How long a trainer may take to save and leave. A cancelled one saves for nobody, and people wait for it; one that is
# handed over saves what the next attempt resumes from, before who stops the worker loses patience (8 s, embedded).
SECONDS_TO_LEAVE = {Stop.CANCEL: 3.5, Stop.PAUSE: 6.0, Stop.TIME: 5.0, Stop.HAND_OVER: 6.0}
# Leaving belongs to the time limit, so that the hold covers it.
SECONDS_BEFORE_LIMIT = SECONDS_TO_LEAVE[Stop.TIME] + 2 * SECONDS_BETWEEN_BEATS
# An auto-extending run asks for more so early that the answer, yes or no, comes before it must leave.
SECONDS_BEFORE_SHORT = SECONDS_BEFORE_LIMIT + 4.0


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """What is known when an attempt ends. `exit_code` is None when nobody saw the trainer end."""

    exit_code: int | None
    stop: Stop | None
    has_result: bool
    num_crashes: int
    max_attempts: int
    max_seconds: int
    error: str = ""
    found_no_room: bool = False
    pause_reason: str = ""
    go_on: bool = False


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """The attempt's ending, the run's next state, and both in words."""

    ending: Ending
    state: RunState
    outcome: str


def judge(evidence: Evidence) -> Verdict:
    """Decide an attempt's ending. A result counts though a cancel, the limit or a kill came upon it: it is paid."""
    if evidence.has_result and evidence.exit_code != EXIT_PERMANENT:
        return Verdict(ending=Ending.SUCCEEDED, state=RunState.SUCCEEDED, outcome="done")
    if evidence.stop == Stop.CANCEL:
        return Verdict(ending=Ending.CANCELLED, state=RunState.CANCELLED, outcome="cancelled")
    if evidence.exit_code == EXIT_PERMANENT:
        outcome = evidence.error or "The trainer refused its input and did not say why; see the log."
        return Verdict(ending=Ending.FAILED, state=RunState.FAILED, outcome=outcome)
    if evidence.found_no_room or evidence.exit_code == EXIT_DISK_FULL:
        outcome = evidence.error or "there is no room on the disk that holds the runs"
        return Verdict(ending=Ending.DISK_FULL, state=RunState.PAUSED, outcome=outcome)
    if evidence.stop == Stop.PAUSE:
        return Verdict(ending=Ending.PAUSED, state=RunState.PAUSED, outcome=evidence.pause_reason)
    if evidence.stop == Stop.TIME:
        return _out_of_time(evidence)
    if evidence.stop == Stop.HAND_OVER:
        outcome = "handed over: its worker is shutting down"
        return Verdict(ending=Ending.HANDED_OVER, state=RunState.QUEUED, outcome=outcome)
    return _broken(evidence)


def _out_of_time(evidence: Evidence) -> Verdict:
    # Auto-extending runs time out only when a cap blocks the extension: without money the budget would be stopped.
    capped = ", and a cap on its budget leaves no money for more" if evidence.go_on else ""
    outcome = f"its {evidence.max_seconds / 60:g} minutes are used up{capped}"
    return Verdict(ending=Ending.OUT_OF_TIME, state=RunState.PAUSED, outcome=outcome)


def _broken(evidence: Evidence) -> Verdict:
    ending = Ending.LOST if evidence.exit_code is None and not evidence.error else Ending.CRASHED
    cause = describe_exit(evidence)
    if evidence.num_crashes + 1 < evidence.max_attempts:
        return Verdict(ending=ending, state=RunState.QUEUED, outcome=f"{cause}; tried again")
    outcome = f"Given up after {evidence.num_crashes + 1} attempts that broke off. The last: {cause}. See the log."
    return Verdict(ending=ending, state=RunState.FAILED, outcome=outcome)


def describe_exit(evidence: Evidence) -> str:
    """Say in words how a trainer went that did not finish."""
    code = evidence.exit_code
    if evidence.error:
        return evidence.error
    if code is None:
        return "its worker was lost"
    if code < 0:
        return f"the trainer was killed by {signal.Signals(-code).name}"
    if code == EXIT_STOPPED:
        return "the trainer was stopped from outside"
    if code == 0:
        return "the trainer ended without a result"
    return f"the trainer crashed with exit code {code}"
