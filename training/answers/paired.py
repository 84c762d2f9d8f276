"""Whether one of two models is better, by their answers to the same examples. Shapes: R resamples, N examples."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Protocol

import numpy as np

from training.answers.rows import Rows
from training.answers.tally import Floats, MetricTally, resamples

CONFIDENCE = 0.95
EXACT = "McNemar's exact test"
BOOTSTRAP = "paired bootstrap"
# The one metric that asks for the words of a text, and not only for what was found in it.
COMPAT_F1 = "compat_f1"


class Scorer(Protocol):
    """What a task type knows of its metrics."""

    name: ClassVar[str]
    metrics: ClassVar[tuple[str, ...]]
    input_fields: ClassVar[tuple[str, ...]]

    def tally(self, *, rows: Rows, predicted: Sequence[str | None], labels: Sequence[str]) -> MetricTally:
        """Count, per row, what the metrics need."""

    def score(self, *, totals_RK: Floats) -> dict[str, Floats]:
        """Turn R sums of tallies into R values per metric."""


@dataclass(frozen=True, kw_only=True)
class PairedAnswers:
    """N gold answers and two models' answers in the same order, None unparsed; only `compat_f1` needs the `texts`."""

    gold: Sequence[str]
    first: Sequence[str | None]
    second: Sequence[str | None]
    texts: Sequence[str] | None = None

    def __post_init__(self) -> None:
        lists = (self.gold, self.first, self.second, self.gold if self.texts is None else self.texts)
        counts = {len(one) for one in lists}
        if counts == {0}:
            raise ValueError("There are no examples to compare on. Take two models with test examples in common.")
        if len(counts) > 1:
            raise ValueError(f"Lists of {sorted(counts)} answers cannot be paired. Give one per example in each.")


@dataclass(frozen=True, kw_only=True)
class PairedTest:
    """By how much (-1 to 1) the first model is better than the second, its 95 % interval and two-sided p-value."""

    difference: float
    low: float
    high: float
    p_value: float
    num_examples: int
    method: str


def paired_test(
    *, task_type: Scorer, labels: Sequence[str], answers: PairedAnswers, metric: str, num_resamples: int, seed: int
) -> PairedTest:
    """Compare two models on the same examples.

    The interval is the 95 % percentile bootstrap of the difference, both models scored on the same resample (Efron and
    Tibshirani, "An Introduction to the Bootstrap", 1993, chapter 13). The p-value is McNemar's exact one for accuracy
    (McNemar, 1947), and for other metrics the share of resamples whose difference is as far from the observed one as
    that is from zero (Berg-Kirkpatrick, Burkett and Klein, "An Empirical Investigation of Statistical Significance in
    NLP", 2012), never below 1 / (R + 1). Raises: ValueError (no such metric, or `compat_f1` without texts).
    """
    if metric not in task_type.metrics:
        raise ValueError(f"{task_type.name} has no metric {metric}. It has {', '.join(task_type.metrics)}.")
    if metric == COMPAT_F1 and answers.texts is None:
        raise ValueError(f"{COMPAT_F1} counts words of the texts. Give them, or compare by another metric.")
    tallies = _tallies(task_type, labels, answers)
    draws_R = _differences(task_type, tallies, metric, num_resamples, seed)
    difference = float(np.subtract(*(task_type.score(totals_RK=tally.totals())[metric][0] for tally in tallies)))
    tail = (1 - CONFIDENCE) / 2
    is_exact = metric == "accuracy"
    return PairedTest(
        difference=difference,
        low=float(np.quantile(draws_R, tail)),
        high=float(np.quantile(draws_R, 1 - tail)),
        p_value=_mcnemar(answers) if is_exact else _shifted(draws_R, difference),
        num_examples=len(answers.gold),
        method=EXACT if is_exact else BOOTSTRAP,
    )


def mcnemar_p_value(*, only_first: int, only_second: int) -> float:
    """Return McNemar's exact two-sided p-value, from how many examples only the first and only the second got right."""
    # Imported here: only a comparison needs scipy, whose import takes a web process a second.
    from scipy.stats import binomtest

    differing = only_first + only_second
    return float(binomtest(only_first, differing).pvalue) if differing else 1.0


def _mcnemar(answers: PairedAnswers) -> float:
    pairs = [(a == gold, b == gold) for gold, a, b in zip(answers.gold, answers.first, answers.second, strict=True)]
    return mcnemar_p_value(only_first=pairs.count((True, False)), only_second=pairs.count((False, True)))


def _tallies(task_type: Scorer, labels: Sequence[str], answers: PairedAnswers) -> tuple[MetricTally, MetricTally]:
    texts = list(answers.texts) if answers.texts is not None else [""] * len(answers.gold)
    columns = {name: texts for name in task_type.input_fields}
    rows = Rows(uids=[str(number) for number in range(len(texts))], columns=columns, gold=[*answers.gold])
    first = task_type.tally(rows=rows, predicted=answers.first, labels=labels)
    return first, task_type.tally(rows=rows, predicted=answers.second, labels=labels)


def _differences(
    task_type: Scorer, tallies: tuple[MetricTally, MetricTally], metric: str, num_resamples: int, seed: int
) -> Floats:
    """Return the difference in each of R resamples of the examples."""
    rng = np.random.default_rng(seed)
    blocks: list[Floats] = []
    for weights_RN in resamples(rng=rng, num_examples=tallies[0].num_examples, count=num_resamples):
        first_R, second_R = (task_type.score(totals_RK=tally.totals(weights_RN))[metric] for tally in tallies)
        blocks.append(first_R - second_R)
    return np.concatenate(blocks)


def _shifted(draws_R: Floats, difference: float) -> float:
    # A little less, so that rounding does not make equal differences unequal.
    as_far = np.abs(draws_R - difference) >= abs(difference) - 1e-12
    return float((1 + as_far.sum()) / (1 + len(draws_R)))
