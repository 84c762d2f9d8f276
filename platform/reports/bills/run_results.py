"""What a trainer's result says of a student beside its metrics: seeds, chosen settings, baselines.

Results are kept as the trainer wrote them, so that an earlier one may lack what later ones have.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, NamedTuple

from runs.results import (
    BaselineComparison,
    LabelSpread,
    compare_with_baseline,
    teachers_counted,
    words_of_interval,
)
from studies.models import Split

NAMES = {
    "majority": "Most frequent answer",
    "constant": "Best constant answer",
    "every_word": "Every word an entity",
    "copy": "Copied answers",
    "source": "The source, copied",
    "label_names": "Names of the labels",
    "frozen_labels": "Head on the checkpoint, not trained",
    "cosine": "Cosine of both texts",
    "tf_idf": "TF-IDF with a linear model",
}
# Those that take no label that was paid for: what a study has before it spends anything.
FREE = frozenset({"majority", "constant", "every_word", "label_names", "source"})

# Of the recipes that a choice may end in, those that train the checkpoint itself.
TRAINED = ("probe", "contrast", "finetune")
OVER_EXAMPLES = "over examples; no seed changes it"


@dataclass(frozen=True, kw_only=True)
class BaselineScore:
    """An answer that needs no training, scored on test: `answer` says what it answers, `value` is 0 to 1."""

    name: str
    answer: str
    value: float

    @property
    def title(self) -> str:
        return NAMES.get(self.name, self.name.replace("_", " ").capitalize())

    @property
    def is_free(self) -> bool:
        return self.name in FREE


@dataclass(frozen=True, kw_only=True)
class TrialRecord:
    """One training: its settings, its seed, and its score on dev where there is a dev split."""

    learning_rate: float | None
    epochs: int | None
    steps: int | None
    seed: int | None
    dev: float | None
    best_step: int | None
    num_steps: int | None = None
    stage: str | None = None

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


_OF_TRIAL = tuple(field.name for field in fields(TrialRecord))


class FilterResult(NamedTuple):
    """Which pseudo-labels a student learned from: `num_passed` of `num_asked`, by which filter."""

    name: str
    num_asked: int
    num_passed: int


@dataclass(frozen=True)
class Leak:
    """Rows of the training data whose text is in a held-out split too."""

    rows: str
    split: str
    count: int


class WrittenAnswers(NamedTuple):
    """How many of the answers that a model wrote to some rows, over all seeds, are not whole."""

    rows: str
    num_answers: int
    num_cut: int
    num_empty: int


@dataclass(frozen=True, kw_only=True)
class Result:
    """A trainer's result, read with care. `chosen` are the settings that the search on dev preferred.

    `over_labels` has, by metric, how far other labels would move the score on test, where that was measured;
    `num_teachers` taught a student that was distilled, of its seeds each one or all of them one.
    """

    baselines: tuple[BaselineScore, ...]
    search: tuple[TrialRecord, ...]
    seeds: tuple[TrialRecord, ...]
    filtered: FilterResult | None = None
    leaks: tuple[Leak, ...] = ()
    written: tuple[WrittenAnswers, ...] = ()
    # A head that is fitted to a checkpoint as it is comes out the same from every seed.
    is_trained: bool = True
    over_labels: Mapping[str, LabelSpread] = field(default_factory=dict)
    num_teachers: int = 0

    @property
    def is_staged(self) -> bool:
        """Whether it went on with gold labels after a distillation."""
        return any(one.stage for one in self.seeds)

    @property
    def num_seeds(self) -> int:
        return max(len(self.seeds), 1)

    @property
    def interval_over(self) -> str:
        """What its intervals hold, in words."""
        if not self.is_trained:
            return OVER_EXAMPLES
        return words_of_interval(num_seeds=self.num_seeds, num_teachers=self.num_teachers)

    @property
    def chosen(self) -> TrialRecord | None:
        return self.seeds[0] if self.seeds and self.is_trained else None


def read_result(payload: Mapping[str, Any]) -> Result:
    """Read an artifact's stored result; what an earlier trainer did not write is empty."""
    metrics = payload.get("metrics") or {}
    majority = {"majority": metrics["baseline"]} if metrics.get("baseline") else {}
    baselines = metrics.get("baselines") or majority
    return Result(
        baselines=tuple(
            BaselineScore(name=name, answer=str(found.get("label", "")), value=float(found["value"]))
            for name, found in baselines.items()
        ),
        search=_trials(payload.get("search") or ()),
        seeds=_trials(payload.get("seeds") or ()),
        filtered=_filtered(payload.get("distillation") or {}),
        leaks=tuple(_leak(name, count) for name, count in (payload.get("leaks") or {}).items() if count),
        written=tuple(_written(payload, metrics)),
        is_trained=_is_trained(payload.get("choice")),
        over_labels=_over_labels(metrics.get("test") or {}),
        num_teachers=teachers_counted(payload),
    )


def best_of(baselines: Sequence[BaselineScore]) -> BaselineScore | None:
    """The baseline with the highest value; of equal ones the first."""
    return max(baselines, key=lambda baseline: baseline.value, default=None)


def zero_of(baselines: Iterable[BaselineScore]) -> BaselineScore | None:
    """The best of the baselines that cost nothing: from where all students of a study are counted."""
    return best_of([baseline for baseline in baselines if baseline.is_free])


def compare_to_baselines(*, utility: float, low: float, baselines: Sequence[BaselineScore]) -> BaselineComparison:
    """Compare a utility, whose interval begins at `low`, with the best of the baselines; all are 0 to 1."""
    best = best_of(baselines)
    if best is None:
        return BaselineComparison.ABOVE
    return compare_with_baseline(value=utility, low=low, baseline=best.value)


def _is_trained(choice: object) -> bool:
    chosen = choice.get("chosen") if isinstance(choice, Mapping) else None
    return chosen is None or chosen in TRAINED


def _trials(rows: Sequence[Mapping[str, Any]]) -> tuple[TrialRecord, ...]:
    return tuple(TrialRecord(**{name: row.get(name) for name in _OF_TRIAL}) for row in rows)


def _filtered(told: Mapping[str, Any]) -> FilterResult | None:
    if told.get("filter", "none") == "none":
        return None
    return FilterResult(name=told["filter"], num_asked=told["num_asked"], num_passed=told["num_passed"])


def _over_labels(measured: Mapping[str, Any]) -> dict[str, LabelSpread]:
    return {
        name: LabelSpread(**one["over_labels"])
        for name, one in measured.items()
        if isinstance(one, Mapping) and "over_labels" in one
    }


def _written(payload: Mapping[str, Any], metrics: Mapping[str, Any]) -> Iterator[WrittenAnswers]:
    """By rows, where answers are written and not labels; a teacher's are those that a student learns from."""
    for split in (Split.TEST, Split.DEV):
        found = metrics.get(split) or {}
        if "num_cut" in found:
            num_answers = found["num_examples"] * found["num_seeds"]
            yield WrittenAnswers(split.value, num_answers, found["num_cut"], found["num_unparsed"])
    if taught := payload.get("written"):
        yield WrittenAnswers("unlabelled examples", taught["num_written"], taught["num_cut"], taught["num_empty"])


def _leak(name: str, count: int) -> Leak:
    rows, _, split = name.partition("_in_")
    return Leak(rows, split, count)
