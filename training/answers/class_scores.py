"""How well each class is told, counted in one pass over the examples. Shapes: S seeds, R resamples, C classes."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import NormalDist

import numpy as np

from training.answers.intervals import Difference, Interval, mean_difference
from training.answers.scores import SeedScores
from training.answers.tally import Floats, Indices, Item, MetricTally, class_f1, resamples, tally_items

CONFIDENCE = 0.95


@dataclass(kw_only=True)
class Ratio:
    """A ratio of two sums over examples, such as right answers to all answers, and how much it varies with them.

    An example's hits may be a part of its total, such as a score of 0 to 1 of one answer.
    """

    hits: float = 0
    total: int = 0
    num_examples: int = 0
    _squared_hits: float = 0
    _products: float = 0
    _squared_totals: int = 0

    def add(self, *, hits: float, total: int) -> None:
        """Count one example; one that adds nothing to the total does not count."""
        if total:
            self.hits += hits
            self.total += total
            self.num_examples += 1
            self._squared_hits += hits**2
            self._products += hits * total
            self._squared_totals += total**2

    def interval(self, *, confidence: float = CONFIDENCE) -> Interval | None:
        """Return the ratio with its interval over examples, 0 to 1; None where its total is 0.

        It is Wilson's score interval (Journal of the American Statistical Association 22, 1927) with the effective
        number of examples, by the linearised variance of the ratio (Korn and Graubard, Survey Methodology 24, 1998):
        several items of one example are not independent. The effective number is at most the total, and for a ratio of
        0 or 1, which has no variance, the number of examples.
        """
        if not self.total:
            return None
        share, z = self.hits / self.total, NormalDist().inv_cdf(0.5 + confidence / 2)
        errors = self._squared_hits - 2 * share * self._products + share**2 * self._squared_totals
        variance = max(errors / self.total**2, share * (1 - share) / self.total)
        count = self.num_examples if self.hits in (0, self.total) else share * (1 - share) / variance
        middle = (share + z**2 / (2 * count)) / (1 + z**2 / count)
        half = z / (1 + z**2 / count) * (share * (1 - share) / count + z**2 / (4 * count**2)) ** 0.5
        # Rounding must not put a share of 0 or 1 outside.
        return Interval(value=share, low=min(max(0.0, middle - half), share), high=max(min(1.0, middle + half), share))


@dataclass(frozen=True, kw_only=True)
class ClassScore:
    """How well one class is told: counts of its items, and ratios with intervals, None where there is no item."""

    place: int
    num_gold: int
    num_predicted: int
    num_hits: int
    precision: Interval | None
    recall: Interval | None
    f1: Interval | None


@dataclass(kw_only=True)
class _ClassRatios:
    precision: Ratio = field(default_factory=Ratio)
    recall: Ratio = field(default_factory=Ratio)
    f1: Ratio = field(default_factory=Ratio)

    def add(self, *, hits: int, gold: int, predicted: int) -> None:
        self.precision.add(hits=hits, total=predicted)
        self.recall.add(hits=hits, total=gold)
        self.f1.add(hits=2 * hits, total=gold + predicted)


class ClassCounts:
    """Counts per class; its size grows with the classes, not with the examples.

    `confused` counts which class (first) was taken for which, where a place of an example has one label at most; None
    stands for no label there.
    """

    def __init__(self, *, is_exclusive: bool) -> None:
        self._ratios: dict[int, _ClassRatios] = defaultdict(_ClassRatios)
        self._is_exclusive = is_exclusive
        self.confused: Counter[tuple[int | None, int | None]] = Counter()

    def add(self, *, gold: frozenset[Item], predicted: frozenset[Item]) -> None:
        """Count one example."""
        hits, expected, found = (Counter(item[0] for item in items) for items in (gold & predicted, gold, predicted))
        for place in expected.keys() | found.keys():
            self._ratios[place].add(hits=hits[place], gold=expected[place], predicted=found[place])
        if self._is_exclusive:
            at_gold, at_predicted = ({item[1:]: item[0] for item in items} for items in (gold, predicted))
            self.confused.update((at_gold.get(one), at_predicted.get(one)) for one in at_gold.keys() | at_predicted)

    def scores(self, *, num_classes: int) -> list[ClassScore]:
        """Return the scores of all classes, in their order."""
        return [self._score(place) for place in range(num_classes)]

    def _score(self, place: int) -> ClassScore:
        ratios = self._ratios.get(place) or _ClassRatios()
        return ClassScore(
            place=place,
            num_gold=ratios.recall.total,
            num_predicted=ratios.precision.total,
            num_hits=int(ratios.recall.hits),
            precision=ratios.precision.interval(),
            recall=ratios.recall.interval(),
            f1=ratios.f1.interval(),
        )


Answers = Sequence[frozenset[Item] | None]


@dataclass(frozen=True, kw_only=True)
class ClassAnswers:
    """Gold answers, and those of two trainings to the same examples: a list per seed, two seeds or more of each."""

    gold: Sequence[frozenset[Item]]
    first: Sequence[Answers]
    second: Sequence[Answers]


def class_differences(
    *, answers: ClassAnswers, num_classes: int, confidence: float, num_resamples: int, rng: np.random.Generator
) -> list[Difference]:
    """Return, per class, by how much its F1 is better with the first training, over examples and seeds."""
    tallies = [
        tally_items(gold=answers.gold, predicted=of_seed, num_classes=num_classes)
        for of_seed in (*answers.first, *answers.second)
    ]
    values_SC = _f1_of_seeds(tallies, None)[0]
    blocks = resamples(rng=rng, num_examples=len(answers.gold), count=num_resamples)
    draws_RSC = np.concatenate([_f1_of_seeds(tallies, weights_RN) for weights_RN in blocks])
    end = len(answers.first)
    found = []
    for place in range(num_classes):
        first, second = (
            SeedScores(
                values_S=values_SC[seeds, place], draws_RS=draws_RSC[:, seeds, place], num_examples=len(answers.gold)
            )
            for seeds in (slice(None, end), slice(end, None))
        )
        found.append(mean_difference(first, second, confidence=confidence))
    return found


def _f1_of_seeds(tallies: Sequence[MetricTally], weights_RN: Indices | None) -> Floats:
    return np.stack([class_f1(tally.totals(weights_RN)) for tally in tallies], axis=1)
