"""Intervals of a metric's mean over seeds, and of the difference of two such means.

Three things move a mean: which examples are in the test split, which seeds were trained, and which labels there are.
The first is measured by resampling the examples. The second is the variance between the seeds, less what chance on the
examples puts into it; few seeds tell it badly, so that it counts with Student's t. The third is told by models of
halves and quarters of the labels, as far as they are cheap. They are joined by the square-and-add rule of Zou and
Donner, "Construction of confidence limits about effect measures: A general approach", Statistics in Medicine 27, 2008.

Shapes: R resamples of the examples, S seeds.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from training.answers.scores import SeedScores

_STEPS_OF_BISECTION = 25
# A difference up to this is of rounding.
_ROUNDING = 1e-12
# What an interval may hold.
EXAMPLES, SEEDS, TEACHERS, LABELS = "examples", "seeds", "teachers", "labels"
# With twice the labels the variance over labels is at most so many times smaller, as that of a mean is.
LEAST_FALL, MOST_FALL = 1.0, 2.0
OVER_EXAMPLES_AND_LABELS = f"over {EXAMPLES} and {LABELS}"


@dataclass(frozen=True, kw_only=True)
class Interval:
    """A metric with its interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class LabelSpread:
    """A metric's interval over examples and labels, and its standard deviation `sd` over labels alone."""

    low: float
    high: float
    sd: float


@dataclass(frozen=True, kw_only=True)
class Difference:
    """The difference of two means with its interval, and its two-sided p-value."""

    value: float
    low: float
    high: float
    p_value: float


def intervals_hold(*, num_seeds: int, num_teachers: int = 0) -> tuple[str, ...]:
    """Name what the intervals of so many seeds hold; labels are in none of these.

    Parameters: `num_teachers` taught students that were distilled, each those of one seed, or one those of all.
    """
    if num_seeds < 2:
        return (EXAMPLES,)
    return (EXAMPLES, SEEDS, TEACHERS) if num_teachers > 1 else (EXAMPLES, SEEDS)


def words_of_interval(*, num_seeds: int, num_teachers: int = 0) -> str:
    """Say what the intervals of so many seeds hold, such as "over examples and seeds"; see intervals_hold."""
    if num_seeds < 2:
        return f"over {EXAMPLES} only"
    if num_teachers > 1:
        return f"over {EXAMPLES}, students' seeds and teachers' seeds"
    if num_teachers:
        return f"over {EXAMPLES} and seeds of the student only; one teacher"
    return f"over {EXAMPLES} and {SEEDS}"


def teachers_counted(result: Mapping[str, Any]) -> int:
    """Return how many teachers a result names: none where nothing was distilled, one in a result that counts none."""
    return int(result.get("num_teachers") or ("distillation" in result))


def mean_interval(scores: SeedScores, *, confidence: float) -> Interval:
    """Return the mean over seeds with its interval over examples and, where there are several seeds, over seeds.

    Of one seed it is the percentile bootstrap (Efron and Tibshirani, "An Introduction to the Bootstrap", 1993, chapter
    13): it holds for this very model, not for what the same training gives from another seed.
    """
    tail = (1 - confidence) / 2
    low, high = (float(np.quantile(scores.draws_R, at)) for at in (tail, 1 - tail))
    seeds = scores.seed_variance()
    if not seeds:
        return Interval(value=scores.value, low=low, high=high)
    by_seeds = _t_quantile(scores.num_seeds - 1, 1 - tail) * seeds**0.5
    return _widened(Interval(value=scores.value, low=low, high=high), by_seeds)


def over_labels(
    interval: Interval, *, halves: SeedScores, quarters: SeedScores | None, confidence: float
) -> LabelSpread:
    """Return an interval over examples made wide enough for other labels, too.

    `halves` are models of the two halves of the labels, split at random several times, one split after the other;
    `quarters` of the four quarters, likewise. Halves are draws of half as many labels, so that their variance is that
    of such draws. It is taken to fall from there to all labels as it fell from quarters to halves: not at all where a
    head hardly knows its labels yet, and at most as for a mean. Near the best that a head can be it falls faster, so
    that too much is told there.
    """
    of_halves = _variance_within(halves, size=2)
    fall = LEAST_FALL
    if quarters is not None and of_halves:
        fall = float(np.clip(_variance_within(quarters, size=4) / of_halves, LEAST_FALL, MOST_FALL))
    sd = (of_halves / fall) ** 0.5
    wide = _widened(interval, _t_quantile(halves.num_seeds // 2 - 1, (1 + confidence) / 2) * sd)
    return LabelSpread(low=wide.low, high=wide.high, sd=sd)


def _variance_within(scores: SeedScores, *, size: int) -> float:
    """Return the mean variance within groups of so many models, at least 0, less what chance on examples puts there."""
    values_GS = scores.values_S.reshape(-1, size)
    draws_RGS = scores.draws_RS.reshape(len(scores.draws_RS), -1, size)
    apart_RGS = draws_RGS - draws_RGS.mean(axis=2, keepdims=True)
    chance_G = apart_RGS.var(axis=0).sum(axis=1) / (size - 1)
    return max(0.0, float((values_GS.var(axis=1, ddof=1) - chance_G).mean()))


def _widened(interval: Interval, half_width: float) -> Interval:
    """Add to an interval, in squares, what something else moves its value by."""
    value = interval.value
    return Interval(
        value=value,
        low=max(0.0, value - float(np.hypot(max(value - interval.low, 0), half_width))),
        high=min(1.0, value + float(np.hypot(max(interval.high - value, 0), half_width))),
    )


def mean_difference(first: SeedScores, second: SeedScores, *, confidence: float) -> Difference:
    """Return by how much the first recipe is better than the second on the same examples and resamples of them.

    Both have several seeds. The p-value, never below 1 / (R + 1), is one less the confidence at which the interval
    begins at zero.
    """
    gaps_R = first.draws_R - second.draws_R
    of_examples = float(gaps_R.var(ddof=1))
    parts = [(one.seed_variance(), one.num_seeds - 1) for one in (first, second)]
    of_seeds = sum(variance for variance, _ in parts)
    freedom = _freedom(parts)

    def half_width(p: float) -> float:
        by_examples = _t_quantile(first.num_examples - 1, 1 - p / 2) * of_examples**0.5
        by_seeds = _t_quantile(freedom, 1 - p / 2) * of_seeds**0.5 if of_seeds else 0.0
        return float(np.hypot(by_examples, by_seeds))

    gap, half = first.value - second.value, half_width(1 - confidence)
    below, p_value = 1 / (len(gaps_R) + 1), 1.0
    for _ in range(_STEPS_OF_BISECTION if abs(gap) > _ROUNDING else 0):
        middle = (below + p_value) / 2
        below, p_value = (middle, p_value) if half_width(middle) > abs(gap) else (below, middle)
    return Difference(value=gap, low=max(-1.0, gap - half), high=min(1.0, gap + half), p_value=p_value)


def _freedom(parts: list[tuple[float, int]]) -> float:
    """Return the degrees of freedom of a sum of variances, after Satterthwaite (Biometrics Bulletin 2, 1946)."""
    scatter = sum(variance**2 / freedom for variance, freedom in parts)
    return sum(variance for variance, _ in parts) ** 2 / scatter if scatter else 1.0


def _t_quantile(freedom: float, share: float) -> float:
    # Imported here: of web processes only one that compares needs it.
    from scipy.special import stdtrit

    return float(stdtrit(freedom, share))
