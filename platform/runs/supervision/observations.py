"""What was observed of an attempt's end, and the end that it is recorded as."""

import shutil
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from django.conf import settings

from runs.control import why_paused
from runs.execution import (
    AttemptEnd,
    AttemptEvidence,
    AttemptUsage,
    StopReason,
    attempt_outcome,
    read_error,
    read_result,
    read_usage,
)
from runs.models import Ending, Run
from runs.money import seconds_of
from training.contract import DISK_FULL, ERROR_FILE
from training.runtime import read_json


@dataclass(frozen=True, kw_only=True)
class Observation:
    """How an attempt ended, as far as it is known; `seconds` of the device."""

    stop: StopReason | None = None
    exit_code: int | None = None
    seconds: float = 0.0
    error: str = ""
    disk_full: bool = False
    obstacle: str = ""


def disk_space_shortage() -> str:
    """Why there is too little space to start a run; empty where there is enough."""
    folder, least = Path(settings.RUNS_DIR), settings.MIN_FREE_MB
    folder.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(folder).free // 2**20
    return (
        "" if free >= least else f"only {free:,} MB is free on the disk for runs; {least:,} MB is needed to start one"
    )


def observe(*, folder: Path, stop: StopReason | None, seconds: float, exit_code: int | None = None) -> Observation:
    disk_full = read_json(folder / ERROR_FILE).get("error") == DISK_FULL
    return Observation(stop=stop, exit_code=exit_code, seconds=seconds, error=read_error(folder), disk_full=disk_full)


def attempt_end(*, run: Run, observed: Observation, ended_at: datetime) -> AttemptEnd:
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
        obstacle=observed.obstacle,
    )
    return AttemptEnd(
        outcome=attempt_outcome(evidence),
        seconds=seconds_of(observed.seconds),
        ended_at=ended_at,
        exit_code=observed.exit_code,
        result=result,
        usage=read_usage(run.folder) if observed.seconds else AttemptUsage(),
    )
