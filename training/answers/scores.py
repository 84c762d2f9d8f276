"""A metric of several seeds on resamples of the same examples. Shapes: R resamples, S seeds, N examples."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Protocol

import numpy as np

from training.answers.rows import Rows
from training.answers.tally import Floats, MetricTally, resamples


class Scorer(Protocol):
    """What a task type knows of its metrics."""

    name: ClassVar[str]
    metrics: ClassVar[tuple[str, ...]]
    metrics_of_texts: ClassVar[tuple[str, ...]]
    input_fields: ClassVar[tuple[str, ...]]

    @property
    def measured_by(self) -> Mapping[str, str]:
        """By metric, the checkpoint that measures it."""

    def tally(self, *, rows: Rows, predicted: Sequence[str | None], labels: Sequence[str]) -> MetricTally:
        """Count, per row, what the metrics need."""

    def score(self, *, totals_RK: Floats) -> dict[str, Floats]:
        """Turn R sums of tallies into R values per metric."""


@dataclass(frozen=True, kw_only=True)
class SeedScores:
    """One metric of S models trained from different seeds: on all `num_examples`, and on each of R resamples of them.

    The models are scored on the same resamples, so that their differences within one are known.
    """

    values_S: Floats
    draws_RS: Floats
    num_examples: int

    @property
    def num_seeds(self) -> int:
        return len(self.values_S)

    @property
    def value(self) -> float:
        return float(self.values_S.mean())

    @property
    def draws_R(self) -> Floats:
        means: Floats = self.draws_RS.mean(axis=1)
        return means

    def seed_variance(self) -> float:
        """Return what drawing other seeds adds to the variance of the mean, at least 0; 0 of a single seed.

        The variance between seeds has part of the examples' chance in it, which the resamples measure too. Half of that
        is taken off: all of it would leave too little where the seeds happen to agree.
        """
        if self.num_seeds < 2:
            return 0.0
        between = float(self.values_S.var(ddof=1))
        apart_RS = self.draws_RS - self.draws_R[:, None]
        by_chance = float(apart_RS.var(axis=0).sum()) / (self.num_seeds - 1)
        return max(0.0, between - by_chance / 2) / self.num_seeds


def seed_scores(
    *, task_type: Scorer, groups: Sequence[Sequence[MetricTally]], num_resamples: int, rng: np.random.Generator
) -> dict[str, list[SeedScores]]:
    """Score each group of seeds, all on the same resamples of their examples; per metric one result for each group."""
    tallies = [tally for group in groups for tally in group]
    num_examples = tallies[0].num_examples
    values = _by_metric([task_type.score(totals_RK=tally.totals()) for tally in tallies])
    blocks = [
        _by_metric([task_type.score(totals_RK=tally.totals(weights_RN)) for tally in tallies])
        for weights_RN in resamples(rng=rng, num_examples=num_examples, count=num_resamples)
    ]
    ends = np.cumsum([len(group) for group in groups])[:-1]
    found: dict[str, list[SeedScores]] = {}
    for name, value_1S in values.items():
        draws = np.split(np.concatenate([block[name] for block in blocks]), ends, axis=1)
        of_groups = zip(np.split(value_1S[0], ends), draws, strict=True)
        found[name] = [
            SeedScores(values_S=values_S, draws_RS=draws_RS, num_examples=num_examples)
            for values_S, draws_RS in of_groups
        ]
    return found


def _by_metric(scores: Sequence[Mapping[str, Floats]]) -> dict[str, Floats]:
    """Put the seeds' values of each metric beside each other, (R, S)."""
    return {name: np.stack([of_seed[name] for of_seed in scores], axis=1) for name in scores[0]}
