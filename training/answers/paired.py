"""Whether one of two models is better, by their answers to the same examples. Shapes: R resamples, N examples."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from training.answers.intervals import mean_difference
from training.answers.rows import Rows
from training.answers.scores import Scorer, SeedScores, seed_scores
from training.answers.tally import Floats, MetricTally
from training.contract import MEASURED_BY

CONFIDENCE = 0.95
EXACT = "McNemar's exact test"
BOOTSTRAP = "paired bootstrap"
OVER_SEEDS = "paired test over seeds and examples"
Answers = Sequence[str | None]


@dataclass(frozen=True, kw_only=True)
class PairedAnswers:
    """N gold answers and two recipes' answers in the same order, None unparsed: of each, one list per seed.

    Only the task type's `metrics_of_texts` need the `texts`.
    """

    gold: Sequence[str]
    first: Sequence[Answers]
    second: Sequence[Answers]
    texts: Sequence[str] | None = None

    def __post_init__(self) -> None:
        if not self.first or not self.second:
            raise ValueError("There are no answers of one of the two. Give those of at least one seed of each.")
        lists = (self.gold, *self.first, *self.second, self.gold if self.texts is None else self.texts)
        counts = {len(one) for one in lists}
        if counts == {0}:
            raise ValueError("There are no examples to compare on. Take two models with test examples in common.")
        if len(counts) > 1:
            raise ValueError(f"Lists of {sorted(counts)} answers cannot be paired. Give one per example in each.")

    @property
    def is_over_seeds(self) -> bool:
        """Whether both have several seeds, so that recipes are compared, and not two models."""
        return min(len(self.first), len(self.second)) > 1


@dataclass(frozen=True, kw_only=True)
class PairedTest:
    """By how much (-1 to 1) the first is better than the second, its 95 % interval and two-sided p-value.

    `is_over_seeds`: it holds for other seeds of the same trainings too; else for these two models only.
    """

    difference: float
    low: float
    high: float
    p_value: float
    num_examples: int
    method: str
    is_over_seeds: bool = False


def paired_test(
    *, task_type: Scorer, labels: Sequence[str], answers: PairedAnswers, metric: str, num_resamples: int, seed: int
) -> PairedTest:
    """Compare two trainings on the same examples: over seeds where both have several, else two models of one seed each.

    Over seeds, see mean_difference. Of two models the interval is the 95 % percentile bootstrap of the difference, both
    scored on the same resample (Efron and Tibshirani, "An Introduction to the Bootstrap", 1993, chapter 13). The
    p-value is McNemar's exact one for accuracy (McNemar, 1947), and for other metrics the share of resamples whose
    difference is as far from the observed one as that is from zero (Berg-Kirkpatrick, Burkett and Klein, "An Empirical
    Investigation of Statistical Significance in NLP", 2012), never below 1 / (R + 1).

    Raises: ValueError (no such metric, one of texts or of a checkpoint without these, or one has several seeds and the
    other has not).
    """
    if metric not in task_type.metrics:
        raise ValueError(f"{task_type.name} has no metric {metric}. It has {', '.join(task_type.metrics)}.")
    if metric in task_type.metrics_of_texts and answers.texts is None:
        raise ValueError(f"{metric} counts words of the texts. Give them, or compare by another metric.")
    if metric in MEASURED_BY and metric not in task_type.measured_by:
        raise ValueError(f"{metric} is measured by {MEASURED_BY[metric]}, which is not at hand. Measure it before.")
    if not answers.is_over_seeds and len(answers.first) + len(answers.second) > 2:
        raise ValueError("One of the two has several seeds, the other has one. Give one model of each.")
    first, second = seed_scores(
        task_type=task_type,
        groups=_tallies(task_type, labels, answers),
        num_resamples=num_resamples,
        rng=np.random.default_rng(seed),
    )[metric]
    return _over_seeds(first, second) if answers.is_over_seeds else _of_two_models(first, second, answers, metric)


def _over_seeds(first: SeedScores, second: SeedScores) -> PairedTest:
    found = mean_difference(first, second, confidence=CONFIDENCE)
    return PairedTest(
        difference=found.value,
        low=found.low,
        high=found.high,
        p_value=found.p_value,
        num_examples=first.num_examples,
        method=OVER_SEEDS,
        is_over_seeds=True,
    )


def _of_two_models(first: SeedScores, second: SeedScores, answers: PairedAnswers, metric: str) -> PairedTest:
    draws_R = first.draws_R - second.draws_R
    difference = first.value - second.value
    tail = (1 - CONFIDENCE) / 2
    is_exact = metric == "accuracy"
    return PairedTest(
        difference=difference,
        low=float(np.quantile(draws_R, tail)),
        high=float(np.quantile(draws_R, 1 - tail)),
        p_value=_mcnemar(answers) if is_exact else _shifted(draws_R, difference),
        num_examples=first.num_examples,
        method=EXACT if is_exact else BOOTSTRAP,
    )


def mcnemar_p_value(*, only_first: int, only_second: int) -> float:
    """Return McNemar's exact two-sided p-value, from how many examples only the first and only the second got right."""
    # Imported here: only a comparison needs scipy, whose import takes a web process a second.
    from scipy.special import bdtr

    return min(1.0, 2 * float(bdtr(min(only_first, only_second), only_first + only_second, 0.5)))


def _mcnemar(answers: PairedAnswers) -> float:
    pairs = [
        (a == gold, b == gold) for gold, a, b in zip(answers.gold, answers.first[0], answers.second[0], strict=True)
    ]
    return mcnemar_p_value(only_first=pairs.count((True, False)), only_second=pairs.count((False, True)))


def _tallies(task_type: Scorer, labels: Sequence[str], answers: PairedAnswers) -> list[list[MetricTally]]:
    """Tally each seed's answers, of the first and of the second."""
    texts = list(answers.texts) if answers.texts is not None else [""] * len(answers.gold)
    columns = {name: texts for name in task_type.input_fields}
    rows = Rows(uids=[str(number) for number in range(len(texts))], columns=columns, gold=[*answers.gold])
    return [
        [task_type.tally(rows=rows, predicted=predicted, labels=labels) for predicted in seeds]
        for seeds in (answers.first, answers.second)
    ]


def _shifted(draws_R: Floats, difference: float) -> float:
    # A little less, so that rounding does not make equal differences unequal.
    as_far = np.abs(draws_R - difference) >= abs(difference) - 1e-12
    return float((1 + as_far.sum()) / (1 + len(draws_R)))
