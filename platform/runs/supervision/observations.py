"""What was observed of an attempt's end, and the end that it is recorded as."""

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings

from runs.control import why_paused
from runs.execution import (
    AttemptEnd,
    AttemptEvidence,
    AttemptUsage,
    StopReason,
    attempt_outcome,
    read_result,
    read_usage,
)
from runs.models import Ending, Run
from runs.money import seconds_of


@dataclass(frozen=True, kw_only=True)
class Observation:
    """Why an attempt was stopped, if it was; how its trainer exited, if that is known; how long it held the device."""

    stop: StopReason | None = None
    exit_code: int | None = None
    seconds: float = 0.0
    error: str = ""
    disk_full: bool = False


def attempt_end(*, run: Run, observed: Observation, ended_at: datetime) -> AttemptEnd:
    """Decide how an attempt of a run ended, by what was observed and what lies in the run's folder."""
    result = read_result(run.folder)
    evidence = AttemptEvidence(
        exit_code=observed.exit_code,
        stop=observed.stop,
        has_result=bool(result),
        error=observed.error,
        disk_full=observed.disk_full,
        num_crashes=run.attempts.filter(ending__in=[Ending.CRASHED, Ending.LOST]).count(),
        max_attempts=settings.MAX_ATTEMPTS,
        max_seconds=run.max_seconds,
        pause_reason=why_paused(run) if observed.stop == StopReason.PAUSE else "",
        auto_extends=run.go_on,
    )
    return AttemptEnd(
        outcome=attempt_outcome(evidence),
        seconds=seconds_of(observed.seconds),
        ended_at=ended_at,
        exit_code=observed.exit_code,
        result=result,
        usage=read_usage(run.folder) if observed.seconds else AttemptUsage(),
    )
