"""Students of other teachers than the usual one: by how much they differ from its students of as many examples."""

from collections.abc import Sequence

import numpy as np

from planning.posterior.chosen_labels import ChoiceFactor, worlds_with_chosen
from planning.posterior.curves import points_per_even, to_even
from planning.posterior.fit import Posterior, Worlds
from planning.surfaces import Cells, Floats, Point

OFFSET, OFFSET_SD = -2.0, 5.0
"""In phi, before any is measured: what smaller teachers lose in Kang, Xu and Ritter's table of sizes, more widely."""
CELL_SD = 1.5
"""In phi: how far a cell is from the offset that all of its teacher share."""


def worlds_with_others(
    *, posterior: Posterior, cells: Cells, points: Sequence[Point], factor: ChoiceFactor | None = None
) -> Worlds:
    """Draw true scores at cells; where another teacher teaches, those of the usual one and an offset of its own.

    Each draw has its offset: normal before, and after the points of that teacher. They bend no curve.

    Parameters: `posterior` is fitted to the usual teacher's points of random labels, `points` are all others; `factor`
        is what is believed of labels that a model chose.
    """
    number = len(cells)
    chosen = [point for point in points if point.cell.chosen and not point.cell.teacher]
    points = [point for point in points if point.cell.teacher]
    every = Cells.of([*map(cells.cell, range(number)), *(point.cell for point in points)])
    worlds, _ = worlds_with_chosen(posterior=posterior, cells=every, points=chosen, factor=factor or ChoiceFactor())
    random, phi = np.random.default_rng(posterior.seed), worlds.phi.copy()
    for teacher in np.unique(cells.teachers[cells.teachers > 0]):
        mean, sd = _offsets(worlds, [point if point.cell.teacher == teacher else None for point in points])
        offsets = mean + sd * random.standard_normal(len(phi))
        its_cells = np.flatnonzero(cells.teachers == teacher)
        phi[:, its_cells] += offsets[:, None] + CELL_SD * random.standard_normal((len(phi), len(its_cells)))
    return Worlds(phi=phi[:, :number], noise=worlds.noise)


def _offsets(worlds: Worlds, points: Sequence[Point | None]) -> tuple[Floats, Floats]:
    """Mean and sd of a teacher's offset in each draw; the last columns are of `points`, None where another taught."""
    precision: Floats = np.full(len(worlds.noise), OFFSET_SD**-2)
    weighted: Floats = OFFSET * precision
    for place, point in enumerate(points, start=worlds.phi.shape[1] - len(points)):
        if point is None:
            continue
        score = np.array([point.score])
        error = worlds.noise if point.sd is None else points_per_even(score) * point.sd
        weight: Floats = 1 / (CELL_SD**2 + error**2)
        weighted = weighted + weight * (to_even(score) - worlds.phi[:, place])
        precision = precision + weight
    return weighted / precision, precision**-0.5
