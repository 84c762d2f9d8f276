"""The settings that a run was trained with: what was requested, what was tried on dev, what was chosen."""

from collections.abc import Mapping, Sequence
from typing import Any

from runs.models import Run

# Of what is searched, the setting of one training that a list stands for.
_SEARCHED = {"learning_rate": "learning_rates", "epochs": "epochs"}


def trainings_kept(run: Run) -> list[Mapping[str, Any]]:
    """The trainings with the chosen settings, one per seed, as the result names them; none before the run's end."""
    artifact = getattr(run, "artifact", None)
    found = artifact.result.get("seeds") if artifact is not None else None
    return [one for one in found or [] if isinstance(one, dict)]


def names_kept(run: Run) -> set[str]:
    """The names of those trainings, as curves and checkpoints bear them."""
    return {_name(one) for one in trainings_kept(run)}


def settings_used(run: Run) -> list[tuple[str, str]]:
    """Each setting of a run with its value, in words; one that dev chooses says what was tried."""
    kept = next(iter(trainings_kept(run)), None)
    used = {name: _text(value) for name, value in run.training.items() if value is not None}
    for name, listed in _SEARCHED.items():
        tried = run.search.get(listed) or []
        if tried:
            used[name] = _of_search(tried, kept.get(name) if kept else None)
    seeds = run.search.get("num_seeds", 1)
    used["seed"] = str(run.seed) if seeds == 1 else f"{run.seed} to {run.seed + seeds - 1}"
    distilled = {name: value for name, value in run.distillation.items() if value not in (None, 0, "none")}
    return [*used.items(), *((name, _text(value)) for name, value in distilled.items())]


def _of_search(tried: Sequence[float], chosen: float | None) -> str:
    listed = " and ".join([", ".join(_text(one) for one in tried[:-1]), _text(tried[-1])]) if len(tried) > 1 else ""
    if not listed:
        return _text(tried[0])
    return f"{listed} are tried on dev" if chosen is None else f"{_text(chosen)}, chosen on dev from {listed}"


def _text(value: object) -> str:
    return f"{value:.10f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)


def _name(training: Mapping[str, Any]) -> str:
    """As the trainer names a training of several."""
    steps, epochs = training.get("steps"), training.get("epochs")
    length = f"{steps}-steps" if steps else f"{epochs}-epochs"
    rate = training.get("learning_rate")
    return f"rate-{rate:g}-{length}-seed-{training.get('seed')}" if isinstance(rate, int | float) else ""
