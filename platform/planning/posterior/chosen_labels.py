"""Labels that a model chose: how many random ones each is worth, and what cells that have such labels score.

A cell of L labels, C of them chosen, scores as one of L - C + f C random labels. The factor f is log-normal. Before any
is measured its middle and spread are those of published comparisons: 1.0 to 1.5 times is usual (Settles, Active
Learning Literature Survey, 2009; Schroeder, Niekler and Potthast, Findings of ACL 2022), and less than 1 does occur
(Lowell, Lipton and Wallace, EMNLP 2019).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from planning.posterior.curves import points_per_even, to_even
from planning.posterior.fit import Posterior, Worlds
from planning.posterior.likelihood import FREEDOM
from planning.posterior.particles import Rows
from planning.posterior.sampler import resample
from planning.surfaces import Cells, Floats, Point

NODES = np.log([0.35, 0.6, 0.85, 1.2, 1.7, 2.4, 3.6])
"""Of ln f, at which scores are forecast; between them they are interpolated."""
DRAWS_PER_WORLD = 6
SMALLEST_ERROR = 0.05


@dataclass(frozen=True, kw_only=True)
class ChoiceFactor:
    """Normal belief of ln f; `num_studies` that measured it."""

    mean: float = float(np.log(1.5) / 2)
    sd: float = 0.3
    num_studies: int = 0

    def learned(self, measured: Sequence["ChoiceFactor"]) -> "ChoiceFactor":
        """The belief once studies have measured it.

        A study counts by how much its data moved the belief, 1 - its variance / this one's; this belief counts as one
        study for the mean and as three for the variance.
        """
        if not measured:
            return self
        weights = np.array([np.clip(1 - one.sd**2 / self.sd**2, 0.0, 1.0) for one in measured])
        means, sds = (np.array([getattr(one, name) for one in measured]) for name in ("mean", "sd"))
        mean = float((weights @ means + self.mean) / (weights.sum() + 1))
        around = weights @ ((means - mean) ** 2 + sds**2)
        variance = (around + 3 * self.sd**2) / (weights.sum() + 3)
        return ChoiceFactor(mean=mean, sd=float(np.sqrt(variance)), num_studies=len(measured))


def worlds_with_chosen(
    *, posterior: Posterior, cells: Cells, points: Sequence[Point], factor: ChoiceFactor
) -> tuple[Worlds, Floats]:
    """Draw true scores at cells, and the ln f of each draw.

    Parameters: `posterior` is fitted to points without chosen labels, `points` are those with some; draws that forecast
        their scores better are kept oftener, so that they teach the factor and, a little, the curve.
    """
    every = Cells.of([*map(cells.cell, range(len(cells))), *(point.cell for point in points)])
    at_nodes = _at_nodes(posterior, every)
    random, size = np.random.default_rng(posterior.seed), len(at_nodes.noise)
    num_each = DRAWS_PER_WORLD if points else 1
    rows = np.repeat(np.arange(size), num_each)
    factors = factor.mean + factor.sd * random.standard_normal(len(rows))
    if points:
        kept = resample(_weights(at_nodes, rows, factors, points), size, random)
        rows, factors = rows[kept], factors[kept]
    phi = at_nodes.at(rows, factors, range(len(cells)))
    return Worlds(phi=phi, noise=at_nodes.noise[rows]), factors


def measured_factor(*, posterior: Posterior, points: Sequence[Point], factor: ChoiceFactor) -> ChoiceFactor:
    """What one study's points with chosen labels say of the factor, given the belief before."""
    nothing = Cells.of([])
    _, factors = worlds_with_chosen(posterior=posterior, cells=nothing, points=points, factor=factor)
    return ChoiceFactor(mean=float(factors.mean()), sd=float(factors.std()), num_studies=1)


@dataclass(frozen=True, kw_only=True)
class _AtNodes:
    """Draws of phi at each cell for each node of ln f: draws by cells by nodes; alike where nothing is chosen."""

    phi: Floats
    noise: Floats

    def at(self, rows: Rows, factors: Floats, places: Sequence[int]) -> Floats:
        """Phi of these draws at these cells, each draw with its own ln f."""
        right = np.clip(np.searchsorted(NODES, factors), 1, len(NODES) - 1)
        share = np.clip((factors - NODES[right - 1]) / (NODES[right] - NODES[right - 1]), 0.0, 1.0)[:, None]
        which = np.asarray(places, dtype=np.intp)[None, :]
        before, after = (self.phi[rows[:, None], which, node[:, None]] for node in (right - 1, right))
        found: Floats = before + share * (after - before)
        return found


def _at_nodes(posterior: Posterior, cells: Cells) -> _AtNodes:
    """One forecast of all cells with random labels, and of the others at each node, so that all go together."""
    has_chosen = np.flatnonzero(cells.chosen > 0)
    random_labels = cells.labels - cells.chosen
    asked = [cells.labels] + [random_labels[has_chosen] + np.exp(node) * cells.chosen[has_chosen] for node in NODES]
    which = np.concatenate([np.arange(len(cells)), *[has_chosen] * len(NODES)]).astype(np.intp)
    worlds = posterior.worlds(cells.take(which).with_labels(np.concatenate(asked)))
    phi = np.repeat(worlds.phi[:, : len(cells), None], len(NODES), axis=2)
    phi[:, has_chosen, :] = worlds.phi[:, len(cells) :].reshape(len(phi), len(NODES), -1).swapaxes(1, 2)
    return _AtNodes(phi=phi, noise=worlds.noise)


def _weights(
    at_nodes: _AtNodes,
    rows: Rows,
    factors: Floats,
    points: Sequence[Point],
) -> Floats:
    """How likely the scores of points, the last cells, are in each draw: Student's t around its phi."""
    first = at_nodes.phi.shape[1] - len(points)
    scores = np.array([point.score for point in points])
    sds = np.array([np.nan if point.sd is None else point.sd for point in points]) * points_per_even(scores)
    errors = np.where(np.isnan(sds)[None, :], at_nodes.noise[rows][:, None], np.maximum(sds, SMALLEST_ERROR)[None, :])
    away = (to_even(scores)[None, :] - at_nodes.at(rows, factors, range(first, first + len(points)))) / errors
    logs = -0.5 * (FREEDOM + 1) * np.log1p(away**2 / FREEDOM).sum(axis=1) - np.log(errors).sum(axis=1)
    weights: Floats = np.exp(logs - logs.max())
    return weights
