"""How many labels alone would reach a score."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from planning.policy.forecasts import FARTHEST
from planning.posterior import Prior, fit_points
from planning.surfaces import Cell, Cells, Floats, Point

NUM_SIZES = 60
"""Numbers of labels that are tried, each some percent more than the one before."""

LEVELS = (0.1, 0.5, 0.9)


@dataclass(frozen=True, kw_only=True)
class LabelsNeeded:
    """Labels that a student without a teacher needs, half of what is believed below `middle`; None: more than `most`.

    `low` and `high` hold 80 % of what is believed. `most` are the labels that can be had, or where `is_bounded` those
    beyond which nothing is forecast.
    """

    low: int | None
    middle: int | None
    high: int | None
    most: int
    is_bounded: bool


def labels_needed(*, points: Sequence[Point], prior: Prior, score: float, most: int) -> LabelsNeeded | None:
    """Find the fewest labels with which the annotate path reaches a score, in percent; None where nothing is measured.

    Parameters: `most` labels can be had, one at least.
    """
    measured = max((point.cell.labels for point in points), default=0)
    if not measured:
        return None
    farthest = int(FARTHEST * measured)
    end = min(most, farthest)
    sizes = np.unique(np.geomspace(1, end, NUM_SIZES).round().astype(int))
    worlds = fit_points(points=points, prior=prior).worlds(Cells.of([Cell(int(size)) for size in sizes]))
    first = np.sort(_first_reaching(worlds.scores, score))
    places = (first[int(level * (len(first) - 1))] for level in LEVELS)
    low, middle, high = (int(sizes[place]) if place < len(sizes) else None for place in places)
    return LabelsNeeded(low=low, middle=middle, high=high, most=end, is_bounded=farthest < most)


def _first_reaching(scores: Floats, score: float) -> NDArray[np.intp]:
    """The place of the first column that reaches a score in each row; the number of columns where none does."""
    reaches = scores >= score
    found: NDArray[np.intp] = np.where(reaches.any(axis=1), reaches.argmax(axis=1), scores.shape[1])
    return found
