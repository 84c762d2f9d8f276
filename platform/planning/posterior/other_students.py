"""Students of another teacher, or of fewer layers, than the usual: by how much they differ from the usual ones.

Before any of them is measured, published tables tell the offset, more widely than they scatter. In phi:
    another teacher: what smaller teachers lose in Kang, Xu and Ritter's table of sizes (ACL 2023);
    fewer layers: on six tasks students of 6 layers of 12 lose 1.9 on average (-0.5 to 4.0), and DistilBERT 6.5 (1.4 to
        11.8), beside BERT-base (Xu et al., BERT-of-Theseus, EMNLP 2020); carved ones are on par with DistilBERT (Sajjad
        et al., Computer Speech & Language, 2023). In Kang, Xu and Ritter's table T5-Small loses 1.6 to 1.9 beside Base
        where a teacher teaches, and 5.0 to 19.0 on labels alone, most with the fewest: cells of one size differ more
        than those of one teacher.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from planning.posterior.chosen_labels import ChoiceFactor, worlds_with_chosen
from planning.posterior.curves import points_per_even, to_even
from planning.posterior.fit import Posterior, Worlds
from planning.surfaces import Booleans, Cells, Floats, Point


@dataclass(frozen=True, kw_only=True)
class Offset:
    """Normal belief of what all cells of a kind differ by, and how far each is from that, in phi."""

    mean: float
    sd: float
    cell_sd: float


OF_ANOTHER_TEACHER = Offset(mean=-2.0, sd=5.0, cell_sd=1.5)
OF_FEWER_LAYERS = Offset(mean=-5.0, sd=6.0, cell_sd=3.0)


def worlds_with_others(
    *, posterior: Posterior, cells: Cells, points: Sequence[Point], factor: ChoiceFactor | None = None
) -> Worlds:
    """Draw true scores at cells; those of other students are the usual ones' and an offset of their own.

    Each draw has its offset for each teacher and each number of layers: normal before, and after their points. They
    bend no curve. A student of both kinds has both offsets; it teaches that of its layers.

    Parameters: `posterior` is fitted to the usual points of random labels, `points` are all others; `factor` is what is
        believed of labels that a model chose.
    """
    number = len(cells)
    chosen = [point for point in points if point.cell.is_usual]
    points = [point for point in points if not point.cell.is_usual]
    every = Cells.of([*map(cells.cell, range(number)), *(point.cell for point in points)])
    worlds, _ = worlds_with_chosen(posterior=posterior, cells=every, points=chosen, factor=factor or ChoiceFactor())
    shifting = _Shifting(noise=worlds.noise, points=points, random=np.random.default_rng(posterior.seed))
    phi = worlds.phi
    for teacher in np.unique(every.teachers[every.teachers > 0]):
        which = every.teachers == teacher
        phi = shifting.shifted(phi, which, which[number:] & (every.layers[number:] == 0), OF_ANOTHER_TEACHER)
    for layers in np.unique(every.layers[every.layers > 0]):
        which = every.layers == layers
        phi = shifting.shifted(phi, which, which[number:], OF_FEWER_LAYERS)
    return Worlds(phi=phi[:, :number], noise=worlds.noise)


@dataclass(frozen=True, kw_only=True)
class _Shifting:
    """Draws of phi whose last columns are of `points`, in which cells of a kind are shifted by its offset."""

    noise: Floats
    points: Sequence[Point]
    random: np.random.Generator

    def shifted(self, phi: Floats, which: Booleans, teaching: Booleans, prior: Offset) -> Floats:
        """Phi where the cells of a kind have its offset, as the points that are `teaching` tell it."""
        mean, sd = self._offsets(phi, teaching, prior)
        offsets = mean + sd * self.random.standard_normal(len(phi))
        scatter = prior.cell_sd * self.random.standard_normal((len(phi), int(which.sum())))
        found = phi.copy()
        found[:, which] += offsets[:, None] + scatter
        return found

    def _offsets(self, phi: Floats, teaching: Booleans, prior: Offset) -> tuple[Floats, Floats]:
        """Mean and sd of the offset in each draw."""
        precision: Floats = np.full(len(phi), prior.sd**-2)
        weighted: Floats = prior.mean * precision
        first = phi.shape[1] - len(self.points)
        for place in map(int, np.flatnonzero(teaching)):
            point, score = self.points[place], np.array([self.points[place].score])
            error = self.noise if point.sd is None else points_per_even(score) * point.sd
            weight: Floats = 1 / (prior.cell_sd**2 + error**2)
            weighted = weighted + weight * (to_even(score) - phi[:, first + place])
            precision = precision + weight
        return weighted / precision, precision**-0.5
