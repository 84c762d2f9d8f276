"""What a trainer's result says of a student beside its metrics: seeds, chosen settings, baselines.

Results are kept as the trainer wrote them, so that an earlier one may lack what later ones have.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

NAMES = {
    "majority": "Majority class",
    "constant": "Best constant answer",
    "every_word": "Every word an entity",
    "copy": "Copy",
}


@dataclass(frozen=True, kw_only=True)
class Baseline:
    """An answer that needs no training, scored on test: `answer` says what it answers, `value` is 0 to 1."""

    name: str
    answer: str
    value: float

    @property
    def title(self) -> str:
        return NAMES.get(self.name, self.name.replace("_", " ").capitalize())


@dataclass(frozen=True, kw_only=True)
class Trial:
    """One training: its settings, its seed, and its score on dev where there is a dev split."""

    learning_rate: float | None
    epochs: int | None
    steps: int | None
    seed: int | None
    dev: float | None
    best_step: int | None

    @property
    def length(self) -> str:
        """How long it trained, in words."""
        if self.epochs:
            return f"{self.epochs} epoch{'s' if self.epochs > 1 else ''}"
        return f"{self.steps:,} steps" if self.steps else ""

    @property
    def settings(self) -> str:
        rate = "" if self.learning_rate is None else f"rate {self.learning_rate:g}"
        return ", ".join(part for part in (rate, self.length) if part)


@dataclass(frozen=True, kw_only=True)
class Result:
    """A trainer's result, read with care. `chosen` are the settings that the search on dev preferred."""

    baselines: tuple[Baseline, ...]
    search: tuple[Trial, ...]
    seeds: tuple[Trial, ...]

    @property
    def num_seeds(self) -> int:
        return max(len(self.seeds), 1)

    @property
    def chosen(self) -> Trial | None:
        return self.seeds[0] if self.seeds else None


class Standing(StrEnum):
    """How a student stands to the best answer that needs no training."""

    ABOVE = "above"
    UNCLEAR = "not clearly better than"
    BELOW = "no better than"


def read_result(payload: Mapping[str, Any]) -> Result:
    """Read an artifact's stored result; what an earlier trainer did not write is empty."""
    metrics = payload.get("metrics") or {}
    baselines = metrics.get("baselines") or _majority_alone(metrics)
    return Result(
        baselines=tuple(
            Baseline(name=name, answer=str(found.get("label", "")), value=float(found["value"]))
            for name, found in baselines.items()
        ),
        search=_trials(payload.get("search") or ()),
        seeds=_trials(payload.get("seeds") or ()),
    )


def best_of(baselines: Sequence[Baseline]) -> Baseline | None:
    """The baseline with the highest value; of equal ones the first."""
    return max(baselines, key=lambda baseline: baseline.value, default=None)


def standing_of(*, utility: float, low: float, baselines: Sequence[Baseline]) -> Standing:
    """Say how a utility, whose interval begins at `low`, stands to the best of the baselines; all are 0 to 1."""
    best = best_of(baselines)
    if best is None or low > best.value:
        return Standing.ABOVE
    return Standing.UNCLEAR if utility > best.value else Standing.BELOW


def _majority_alone(metrics: Mapping[str, Any]) -> dict[str, Any]:
    return {"majority": metrics["baseline"]} if metrics.get("baseline") else {}


def _trials(rows: Sequence[Mapping[str, Any]]) -> tuple[Trial, ...]:
    names = ("learning_rate", "epochs", "steps", "seed", "dev", "best_step")
    return tuple(Trial(**{name: row.get(name) for name in names}) for row in rows)
