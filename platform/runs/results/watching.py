"""Reads for whoever watches a run: its settings, where its time went, its curves and the files that it wrote."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from django.utils import timezone

from runs.checkpoints import answered_as
from runs.execution import LOG_FILE
from runs.models import Attempt, Ending, Run, RunKind, RunState
from runs.queries import seeds_of
from runs.requests import trains
from training.contract import CURVE_FILE, RESULT_FILE, SPEC_FILE
from training.reporting import TrialCurve, read_curves
from training.runtime import read_json

# What a run's page lets people read as it was written.
FILES = {LOG_FILE: "text/plain; charset=utf-8", SPEC_FILE: "application/json", RESULT_FILE: "application/json"}
# Of what is searched, the setting of one training that a list stands for.
_SEARCHED = {"learning_rate": "learning_rates", "epochs": "epochs"}
# Of no effect where the checkpoint stays as it is.
_OF_TRAINING = ("steps", "epochs", "learning_rate", "head_learning_rate_factor")
_TRIAL = re.compile(r"rate-(?P<rate>.+)-(?P<length>\d+)-(?P<unit>epochs|steps)-seed-(?P<seed>\d+)(?P<rest>.*)")


@dataclass(frozen=True, kw_only=True)
class TimeSpent:
    """Where a run's time went, in seconds.

    Device time is `working` (the device computed), `idle`, `wasted` (in attempts that failed, broke off or were
    cancelled) or `undivided` (not known). No device was held `before` and `between` attempts.
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
    """A mean loss over the steps since the last point, or a score on dev; `is_kept` if dev chose the training."""

    trial: str
    step: int
    loss: float | None = None
    score: float | None = None
    is_kept: bool = True


def _trainings_kept(run: Run) -> list[Mapping[str, Any]]:
    """The trainings with the chosen settings, one per seed, as the result names them; none before the run's end."""
    artifact = getattr(run, "artifact", None)
    found = artifact.result.get("seeds") if artifact is not None else None
    return [one for one in found or [] if isinstance(one, dict)]


def _names_kept(run: Run) -> set[str]:
    return {_name(one) for one in _trainings_kept(run)}


def settings_used(run: Run) -> list[tuple[str, str]]:
    """Each setting of a run with its value, in words; one that dev chooses says what was tried."""
    kept = next(iter(_trainings_kept(run)), None)
    leaves_weights = run.kind != RunKind.DISTIL and not trains(
        str(run.training.get("recipe")), num_labels=run.num_labels
    )
    unused = _OF_TRAINING if leaves_weights else ()
    used = {name: _text(value) for name, value in run.training.items() if value is not None and name not in unused}
    for name, listed in _SEARCHED.items():
        if tried := run.search.get(listed):
            used[name] = _of_search(tried, kept.get(name) if kept else None)
    used["seed"] = _text_of_seeds(seeds_of(run))
    distilled = {name: value for name, value in run.distillation.items() if value not in (None, 0, "none")}
    return [*used.items(), *((name, _text(value)) for name, value in distilled.items())]


def _text_of_seeds(seeds: Sequence[int]) -> str:
    if len(seeds) == 1:
        return str(seeds[0])
    is_gapless = seeds[-1] - seeds[0] == len(seeds) - 1
    return f"{seeds[0]} to {seeds[-1]}" if is_gapless else ", ".join(map(str, seeds))


def _of_search(tried: Sequence[float], chosen: float | None) -> str:
    if len(tried) == 1:
        return _text(tried[0])
    listed = f"{', '.join(map(_text, tried[:-1]))} and {_text(tried[-1])}"
    return f"{listed} are tried on dev" if chosen is None else f"{_text(chosen)}, chosen on dev from {listed}"


def _text(value: object) -> str:
    return f"{value:.10f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)


def _name(training: Mapping[str, Any]) -> str:
    """As the trainer names a training of several."""
    steps, epochs = training.get("steps"), training.get("epochs")
    length = f"{steps}-steps" if steps else f"{epochs}-epochs"
    rate = training.get("learning_rate")
    return f"rate-{rate:g}-{length}-seed-{training.get('seed')}" if isinstance(rate, int | float) else ""


def time_spent(run: Run, attempts: Sequence[Attempt]) -> TimeSpent:
    until = timezone.now()
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
        reported = run.progress.get("working_seconds") if run.state == RunState.RUNNING else None
    else:
        held, reported = float(attempt.device_seconds), attempt.working_seconds
    if attempt.ending in Ending.wasted():
        return {"wasted": held}
    if reported is None:
        return {"undivided": held}
    working = min(float(reported), held)
    return {"working": working, "idle": held - working}


def first_step(run: Run, attempts: Sequence[Attempt]) -> FirstStep | None:
    """How long a run took to its first step, earlier runs not counted; None where its first attempt took none."""
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
    curves, kept = read_curves(run.folder), _names_kept(run)
    return [point for name, trial in curves.items() for point in _points(name, trial, kept)]


def _points(name: str, trial: TrialCurve, kept: set[str]) -> list[CurvePoint]:
    # A stage that follows a training has its name with more behind a comma.
    is_kept = not kept or not _TRIAL.fullmatch(name) or name.partition(",")[0] in kept
    shown = _trial_text(name) if is_kept else f"{_trial_text(name)} (not chosen)"
    losses = [CurvePoint(trial=shown, step=step, loss=loss, is_kept=is_kept) for step, loss in trial.losses]
    return losses + [CurvePoint(trial=shown, step=step, score=score, is_kept=is_kept) for step, score in trial.scores]


def loss_shown(run: Run) -> float | None:
    """The last loss of the training that was kept; of the one under way while nothing is chosen yet."""
    kept = _names_kept(run)
    losses = [point.loss for point in curve_points(run) if point.is_kept and point.loss is not None] if kept else []
    return losses[-1] if losses else run.progress.get("loss")


def curve_version(run: Run) -> int | None:
    """A number that moves when the curves did; None where there are none."""
    path = run.folder / CURVE_FILE
    # The end moves them too: it says which training was kept.
    return path.stat().st_mtime_ns // 1_000_000 + run.is_ended if path.is_file() else None


def _trial_text(name: str) -> str:
    """As people read it: `rate-0.0001-3-epochs-seed-0` is rate 0.0001, 3 epochs, seed 0."""
    found = _TRIAL.fullmatch(name)
    if found is None:
        return name or "training"
    return f"rate {found['rate']}, {found['length']} {found['unit']}, seed {found['seed']}{found['rest']}"


def run_file(run: Run, name: str) -> Path | None:
    """A file that the run wrote, of those that people may read; None where it is not there."""
    path = run.folder / name
    return path if name in FILES and path.is_file() else None


def written_spec(run: Run) -> str:
    """The spec as the trainer got it; empty before the first attempt."""
    path = run_file(run, SPEC_FILE)
    return path.read_text(encoding="utf-8", errors="replace") if path else ""


def versions_of(run: Run) -> dict[str, Any]:
    """The software versions of a run's result; empty before there is one."""
    found = read_json(run.folder / RESULT_FILE).get("versions")
    return found if isinstance(found, dict) else {}


def dev_title(run: Run) -> str:
    """The name of what chooses steps and settings of a run on dev."""
    task_type = answered_as(study=run.study, reference=run.model or {})
    return task_type.dev_criterion or run.study.get_metric_display()
