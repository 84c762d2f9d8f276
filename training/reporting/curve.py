"""A training's loss by step and score on dev, in curve.json, thinned so that the file stays small."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from training.contract import CURVE_FILE
from training.runtime import write_json

# Over all trainings of a run, and for each of the two curves.
MOST_POINTS = 1000


@dataclass(kw_only=True)
class TrialCurve:
    """One training's points: the loss is a mean over the `stride` steps that end at its step; a score is one point."""

    stride: int = 1
    losses: list[tuple[int, float]] = field(default_factory=list)
    scores: list[tuple[int, float]] = field(default_factory=list)

    def halve_losses(self) -> None:
        """Join each two neighbours; later points cover twice as many steps."""
        pairs = zip(self.losses[::2], self.losses[1::2], strict=False)
        joined = [(later[0], (earlier[1] + later[1]) / 2) for earlier, later in pairs]
        self.losses = joined + (self.losses[-1:] if len(self.losses) % 2 else [])
        self.stride *= 2

    def forget_after(self, step: int) -> None:
        """Drop the points of steps that are repeated when a training resumes at a step."""
        self.losses = [point for point in self.losses if point[0] <= step]
        self.scores = [point for point in self.scores if point[0] <= step]


class Curve:
    """The curves of a run's trainings, by name; an earlier attempt's points are kept."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / CURVE_FILE
        self._trials = read_curves(folder)
        self._trial = TrialCurve()
        self._pending: list[float] = []
        self._is_written = True

    def begin(self, trial: str, *, step: int) -> None:
        """Start or resume a training's curves at a step."""
        self._trial = self._trials.setdefault(trial, TrialCurve())
        self._trial.forget_after(step)
        self._pending = []
        self._is_written = False

    def add_loss(self, step: int, loss: float) -> None:
        self._pending.append(loss)
        if len(self._pending) < self._trial.stride:
            return
        self._trial.losses.append((step, sum(self._pending) / len(self._pending)))
        self._pending = []
        while sum(len(one.losses) for one in self._trials.values()) >= MOST_POINTS:
            max(self._trials.values(), key=lambda one: len(one.losses)).halve_losses()
        self._is_written = False

    def add_score(self, step: int, score: float) -> None:
        self._trial.scores.append((step, score))
        if len(self._trial.scores) > MOST_POINTS:
            del self._trial.scores[1:-1:2]
        self._is_written = False

    def write(self) -> None:
        if self._is_written:
            return
        self._is_written = True
        trials = {name: _payload(one) for name, one in list(self._trials.items())}
        write_json(path=self._path, payload={"trials": trials}, indent=None)


def read_curves(folder: Path) -> dict[str, TrialCurve]:
    """Read a run's curves by name; none where the file is not there or cannot be read."""
    try:
        trials = json.loads((folder / CURVE_FILE).read_text(encoding="utf-8"))["trials"]
        return {str(name): _read(one) for name, one in trials.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def _read(payload: Any) -> TrialCurve:
    losses, scores = ([(int(step), float(value)) for step, value in payload[name]] for name in ("losses", "scores"))
    return TrialCurve(stride=int(payload["stride"]), losses=losses, scores=scores)


def _payload(trial: TrialCurve) -> dict[str, Any]:
    return {"stride": trial.stride, "losses": _rounded(trial.losses), "scores": _rounded(trial.scores)}


def _rounded(points: Sequence[tuple[int, float]]) -> list[tuple[int, float]]:
    return [(step, round(value, 6)) for step, value in list(points)]
