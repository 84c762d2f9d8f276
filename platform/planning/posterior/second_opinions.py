"""Second opinions: how often labels are wrong, and how many labels a second opinion makes of them.

One annotation of K classes is wrong with chance e, in each wrong class alike, and people err independently of each
other. Two then agree with chance (1 - e)² + e² / (K - 1), by which e is told from pairs. A label that two agree on, or
else a third decides (of three different ones the earliest stays), is wrong with chance e² (1 + b (1 - e)), with
b = K / (K - 1). Labels that are wrong with chance e tell as much as (1 - b e)² times as many right ones (Angluin and
Laird, Learning from Noisy Examples, Machine Learning 2, 1988, for K = 2).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from planning.posterior.fit import Worlds
from planning.surfaces import Cells, Floats, Point

PRIOR_WRONG, PRIOR_RIGHT = 2.0, 18.0
"""Beta belief of e before any pair: 10 %, with 80 % between 3 and 19 %."""
GRID = 2_000
MOST_OF_CHANCE = 0.95
"""Of the error of somebody who guesses: beyond it labels tell nothing."""
NUM_NODES = 5
"""Errors, equally likely, at which scores are forecast."""
LEAST_PAIRS = 20
"""Examples with two annotations that tell the error."""
DIFFERING_BEFORE, PAIRS_BEFORE = 1.0, 5.0
"""Believed of pairs before any is seen: one in five differs."""


@dataclass(frozen=True, kw_only=True)
class AnsweredTwice:
    """How many examples two people annotated independently, and of how many they agree."""

    num_pairs: int = 0
    num_equal: int = 0

    @property
    def is_enough(self) -> bool:
        """Whether the error can be told from them."""
        return self.num_pairs >= LEAST_PAIRS

    @property
    def chance_to_differ(self) -> float:
        """Of the next pair."""
        differing = self.num_pairs - self.num_equal
        return (differing + DIFFERING_BEFORE) / (self.num_pairs + PAIRS_BEFORE)


@dataclass(frozen=True, kw_only=True)
class LabelErrors:
    """What is believed of the error of one annotation of `num_classes`, at least two, given pairs."""

    num_classes: int
    pairs: AnsweredTwice = field(default_factory=AnsweredTwice)

    def __post_init__(self) -> None:
        if self.num_classes < 2:
            raise ValueError(f"classes: {self.num_classes}; no label can be wrong where there are fewer than two.")

    @property
    def factor(self) -> float:
        """K / (K - 1): by it, the error of somebody who guesses is 1."""
        return self.num_classes / (self.num_classes - 1)

    @property
    def mean(self) -> float:
        """The expected error of one annotation."""
        errors, weights = self._posterior
        return float(errors @ weights)

    @property
    def band_80(self) -> tuple[float, float]:
        """The interval of the error that holds 80 %."""
        low, high = self._quantiles(np.array([0.1, 0.9]))
        return float(low), float(high)

    @property
    def mean_after(self) -> float:
        """The expected error of a label once it has its second opinion, and a third where the two differ."""
        errors, weights = self._posterior
        return float(self.after(errors) @ weights)

    @cached_property
    def nodes(self) -> Floats:
        """Some errors that stand for the belief, equally likely."""
        return self._quantiles((np.arange(NUM_NODES) + 0.5) / NUM_NODES)

    def after(self, error: Floats) -> Floats:
        """The error of a label of two annotations that agree, or of three, where one is wrong with this chance."""
        found: Floats = error**2 * (1 + self.factor * (1 - error))
        return found

    def worth(self, error: Floats, share: Floats) -> Floats:
        """How many labels of one annotation each label counts for, where this share of them has a second opinion."""
        mixed = (1 - share) * error + share * self.after(error)
        found: Floats = ((1 - self.factor * mixed) / (1 - self.factor * error)) ** 2
        return found

    def counted(self, point: Point) -> Point:
        """A point as one of labels of one annotation each: as many as its labels count for."""
        cell = point.cell
        if not cell.opinions:
            return point
        share = np.array([cell.opinions / max(cell.labels, 1)])
        times = float(self.worth(self.nodes, share).mean())
        labels, chosen = round(cell.labels * times), round(cell.chosen * times)
        return replace(point, cell=replace(cell, labels=labels, chosen=chosen, opinions=0))

    def _quantiles(self, levels: Floats) -> Floats:
        errors, weights = self._posterior
        found: Floats = np.interp(levels, np.cumsum(weights), errors)
        return found

    @cached_property
    def _posterior(self) -> tuple[Floats, Floats]:
        """Errors on a grid, and how likely each is."""
        most = MOST_OF_CHANCE / self.factor
        errors = most * (np.arange(GRID) + 0.5) / GRID
        agree = (1 - errors) ** 2 + errors**2 / (self.num_classes - 1)
        logs = (PRIOR_WRONG - 1) * np.log(errors) + (PRIOR_RIGHT - 1) * np.log1p(-errors)
        differing = self.pairs.num_pairs - self.pairs.num_equal
        logs = logs + self.pairs.num_equal * np.log(agree) + differing * np.log1p(-agree)
        weights = np.exp(logs - logs.max())
        return errors, weights / weights.sum()


def counted_points(points: Sequence[Point], errors: LabelErrors | None) -> list[Point]:
    """Points as of labels of one annotation each; without a belief of their errors second opinions count as nothing."""
    if errors is None:
        return [replace(point, cell=replace(point.cell, opinions=0)) for point in points]
    return [errors.counted(point) for point in points]


def worlds_with_opinions(*, cells: Cells, errors: LabelErrors | None, draw: Callable[[Cells], Worlds]) -> Worlds:
    """Draw true scores at cells of which some have labels with second opinions.

    Parameters: `draw` draws them at cells that have none. Each draw has its error of one annotation.
    """
    places = np.flatnonzero(cells.opinions > 0)
    plain = cells.with_opinions(np.zeros(len(cells)))
    if errors is None or not len(places):
        return draw(plain)
    some = plain.take(places)
    share = cells.opinions[places] / np.maximum(cells.labels[places], 1)
    times = errors.worth(errors.nodes[:, None], share[None, :])
    worlds = draw(Cells.joined([plain, *(some.times(each) for each in times)]))
    phi = worlds.phi[:, : len(cells)].copy()
    at_nodes = worlds.phi[:, len(cells) :].reshape(len(phi), len(times), len(places))
    rows = np.arange(len(phi))
    phi[:, places] = at_nodes[rows, np.random.default_rng(0).integers(len(times), size=len(phi))]
    return Worlds(phi=phi, noise=worlds.noise)
