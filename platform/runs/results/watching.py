"""Reads for whoever watches a run: where its time went, what it used, its curves and the files that it wrote."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from django.utils import timezone

from runs.execution import LOG_FILE
from runs.models import Attempt, Ending, Run, RunState
from runs.results.run_settings import names_kept
from training.contract import CURVE_FILE, RESULT_FILE, SPEC_FILE
from training.reporting import TrialCurve, read_curves
from training.runtime import read_json

# What a run's page lets people read as it was written.
FILES = {LOG_FILE: "text/plain; charset=utf-8", SPEC_FILE: "application/json", RESULT_FILE: "application/json"}
_TRIAL = re.compile(r"rate-(?P<rate>.+)-(?P<length>\d+)-(?P<unit>epochs|steps)-seed-(?P<seed>\d+)(?P<rest>.*)")


@dataclass(frozen=True, kw_only=True)
class TimeSpent:
    """Where a run's time went, in seconds.

    Device time is `working` (the device computed), `idle` (held while the run started, loaded or saved), `wasted` (in
    attempts that failed, broke off or were cancelled) or `undivided` (nobody said). `before` and `between` are waits
    outside attempts, in which no device was held.
    """

    working: float = 0.0
    idle: float = 0.0
    wasted: float = 0.0
    undivided: float = 0.0
    before: float = 0.0
    between: float = 0.0


@dataclass(frozen=True, kw_only=True)
class FirstStep:
    """Seconds from when a run could begin to its first step, and those of them that loaded the model."""

    seconds: float
    model_seconds: float

    @property
    def overhead_seconds(self) -> float:
        return self.seconds - self.model_seconds


@dataclass(frozen=True, kw_only=True)
class CurvePoint:
    """One point of a run's curves: a mean loss over the steps since the last one, or a score on dev.

    `is_kept` is False for a training whose settings dev did not choose.
    """

    trial: str
    step: int
    loss: float | None = None
    score: float | None = None
    is_kept: bool = True


def time_spent(run: Run, attempts: Sequence[Attempt], *, now: datetime | None = None) -> TimeSpent:
    """Divide a run's time up to now."""
    until = now or timezone.now()
    sums = dict.fromkeys(("working", "idle", "wasted", "undivided"), 0.0)
    for one in attempts:
        for name, seconds in _divided(run, one, until).items():
            sums[name] += seconds
    begun = [one for one in attempts if one.pid is not None or one.device_seconds]
    ends = [one.ended_at or until for one in begun]
    gaps = [max((later.started_at - end).total_seconds(), 0.0) for later, end in zip(begun[1:], ends, strict=False)]
    first = begun[0].started_at if begun else (run.ended_at or until)
    return TimeSpent(**sums, before=max((first - run.created_at).total_seconds(), 0.0), between=sum(gaps))


def _divided(run: Run, attempt: Attempt, now: datetime) -> dict[str, float]:
    if attempt.ended_at is None:
        held = (now - attempt.started_at).total_seconds() if attempt.pid else 0.0
        said = run.progress.get("working_seconds") if run.state == RunState.RUNNING else None
    else:
        held, said = float(attempt.device_seconds), attempt.working_seconds
    if attempt.ending in Ending.wasted():
        return {"wasted": held}
    if said is None:
        return {"undivided": held}
    working = min(float(said), held)
    return {"working": working, "idle": held - working}


def first_step(run: Run, attempts: Sequence[Attempt]) -> FirstStep | None:
    """How long a run took to its first step, its earlier runs not counted; None where its first attempt took none."""
    if not attempts or attempts[0].first_step_at is None:
        return None
    parents = run.parents.values_list("ended_at", flat=True)
    could_begin = max([run.created_at, *(ended_at for ended_at in parents if ended_at)])
    return FirstStep(
        seconds=max((attempts[0].first_step_at - could_begin).total_seconds(), 0.0),
        model_seconds=float(attempts[0].stages.get("model", 0.0)),
    )


def curve_points(run: Run) -> list[CurvePoint]:
    """The points of a run's curves, training by training; none before its first step."""
    curves, kept = read_curves(run.folder), names_kept(run)
    return [point for name, trial in curves.items() for point in _points(name, trial, kept)]


def _points(name: str, trial: TrialCurve, kept: set[str]) -> list[CurvePoint]:
    # A stage that follows a training has its name with more behind a comma.
    is_kept = not kept or not _TRIAL.fullmatch(name) or name.partition(",")[0] in kept
    said = trial_words(name) if is_kept else f"{trial_words(name)} (not chosen)"
    losses = [CurvePoint(trial=said, step=step, loss=loss, is_kept=is_kept) for step, loss in trial.losses]
    return losses + [CurvePoint(trial=said, step=step, score=score, is_kept=is_kept) for step, score in trial.scores]


def loss_shown(run: Run) -> float | None:
    """The last loss of the training that was kept; of the one under way while nothing is chosen yet."""
    kept = names_kept(run)
    losses = [point.loss for point in curve_points(run) if point.is_kept and point.loss is not None] if kept else []
    return losses[-1] if losses else run.progress.get("loss")


def curve_version(run: Run) -> int | None:
    """A number that moves when the curves did; None where there are none."""
    path = run.folder / CURVE_FILE
    # The end moves them too: it says which training was kept.
    return path.stat().st_mtime_ns // 1_000_000 + run.is_ended if path.is_file() else None


def trial_words(name: str) -> str:
    """A training's name as people read it: `rate-0.0001-3-epochs-seed-0` is rate 0.0001, 3 epochs, seed 0."""
    found = _TRIAL.fullmatch(name)
    if found is None:
        return name or "training"
    return f"rate {found['rate']}, {found['length']} {found['unit']}, seed {found['seed']}{found['rest']}"


def run_file(run: Run, name: str) -> Path | None:
    """A file that the run wrote, of those that people may read; None where it is not there."""
    path = run.folder / name
    return path if name in FILES and path.is_file() else None


def written_spec(run: Run) -> str:
    """What the trainer was told, as it was written; empty before the first attempt."""
    path = run_file(run, SPEC_FILE)
    return path.read_text(encoding="utf-8", errors="replace") if path else ""


def versions_of(run: Run) -> dict[str, Any]:
    """What the result depends on beside the spec; empty before there is one."""
    found = read_json(run.folder / RESULT_FILE).get("versions")
    return found if isinstance(found, dict) else {}
