"""The posterior of a surface: what is believed of any cell's score, given the scores seen."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache

import numpy as np

from planning.posterior.curves import from_even, to_even
from planning.posterior.likelihood import FREEDOM, Likelihood, Observed
from planning.posterior.particles import Particles
from planning.posterior.priors import Prior, learned_prior, vague_prior
from planning.posterior.sampler import sample
from planning.surfaces import Cells, Floats, Point, Surface, merge_points

SEED = 20230705
BANK_NUMBERS = 400_000
"""Draws times cells: what a bank holds, so that many points cost no more time than a few."""
SMALLEST_BANK, LARGEST_BANK = 1_600, 10_000


@dataclass(frozen=True, kw_only=True)
class Worlds:
    """Draws of the true scores: a row per draw, a column per cell; in phi, and each draw's noise sd."""

    phi: Floats
    noise: Floats

    @cached_property
    def scores(self) -> Floats:
        """In percent."""
        return from_even(self.phi)

    def knowing(self, cell: int, *, score: float, sd: float) -> "Worlds":
        """The same, where all that is known of a cell is its measured score in percent and the score's sd in points."""
        random = np.random.default_rng(SEED)
        phi = self.phi.copy()
        even = np.full(len(self.noise), score) + sd * random.standard_normal(len(self.noise))
        phi[:, cell] = to_even(even)
        return Worlds(phi=phi, noise=self.noise)

    def band(self, cell: int, level: float, random: np.random.Generator) -> tuple[float, float]:
        """The interval of a new measurement's score, noise included, that holds `level` of the probability."""
        noise = random.standard_t(FREEDOM, len(self.noise)) * self.noise
        low, high = np.quantile(from_even(self.phi[:, cell] + noise), [(1 - level) / 2, (1 + level) / 2])
        return float(low), float(high)


class Bank:
    """Prior draws with their forecasts at a fixed list of cells: made once, used for every fit on these cells."""

    def __init__(self, *, prior: Prior, cells: Cells, seed: int = SEED) -> None:
        self.prior, self.cells, self.seed = prior, cells, seed
        size = int(np.clip(BANK_NUMBERS / max(len(cells), 1), SMALLEST_BANK, LARGEST_BANK))
        parameters, families = prior.sample(np.random.default_rng(seed), size)
        self._draws = Particles.at(cells, parameters=parameters, families=families)

    def fit(self, *, seen: Sequence[int], scores: Floats, sds: Floats | None = None) -> "Posterior":
        """Condition on scores (percent) of the cells with these numbers; `sds` in points, not a number if unknown."""
        places = np.array(seen, dtype=np.intp)
        known = np.full(len(places), np.nan) if sds is None else sds
        observed = Observed.of(self.cells.take(places), scores, known)
        bank = replace(self._draws, phi=self._draws.phi[:, places])
        random = np.random.default_rng(self.seed)
        particles, likelihood = sample(bank=bank, prior=self.prior, observed=observed, random=random)
        return Posterior(particles=particles, likelihood=likelihood, seed=self.seed)


@dataclass(frozen=True, kw_only=True)
class Posterior:
    """Particles of the parameters and the family, and the likelihood that they were weighed by."""

    particles: Particles
    likelihood: Likelihood
    seed: int = SEED

    def worlds(self, cells: Cells, *, size: int = 800) -> Worlds:
        """Draw true scores at cells, discrepancy included; `size` at most the number of particles."""
        random = np.random.default_rng(self.seed)
        some = self.particles.take(np.arange(size))
        means, root = self.likelihood.discrepancy(some, cells=cells)
        left = np.sqrt(some.discrepancy_variance)[:, None] * (random.standard_normal((size, len(cells))) @ root.T)
        phi = Particles.at(cells, parameters=some.parameters, families=some.families).phi + means + left
        return Worlds(phi=phi, noise=np.sqrt(some.noise_variance))


def fit_points(*, points: Sequence[Point], prior: Prior) -> Posterior:
    """The posterior of a surface from its measured points; points of one cell are merged first."""
    merged = merge_points(points)
    cells = Cells.of([point.cell for point in merged])
    scores = np.array([point.score for point in merged])
    sds = np.array([np.nan if point.sd is None else point.sd for point in merged])
    return Bank(prior=prior, cells=cells).fit(seen=range(len(merged)), scores=scores, sds=sds)


def prior_from(surfaces: Sequence[Surface]) -> Prior:
    """The prior that other surfaces teach, mixed with the vague one."""
    moments = [_moments(surface) for surface in surfaces]
    return learned_prior(means=[mean for mean, _ in moments], variances=[variance for _, variance in moments])


@lru_cache(maxsize=256)
def _moments(surface: Surface) -> tuple[Floats, Floats]:
    """Mean and variance of each parameter, from one surface's points and the vague prior."""
    parameters = fit_points(points=surface.points, prior=vague_prior()).particles.parameters
    return parameters.mean(axis=0), parameters.var(axis=0)
