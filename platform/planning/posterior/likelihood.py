"""How likely observed scores are around a surface: a smooth discrepancy plus Student-t noise, in phi.

The discrepancy is a Gaussian process that is integrated out. Student-t noise is normal noise whose precision has a
weight per point; the weights are found by expectation maximisation (Lange, Little and Taylor, JASA 1989) and shared
by all parameter vectors, so that one decomposition serves them all.
"""

from dataclasses import dataclass, field

import numpy as np

from planning.posterior.curves import points_per_even, to_even
from planning.posterior.particles import Particles
from planning.surfaces import Cells, Floats

DISCREPANCY_DECADES = 0.8
FREEDOM = 5.0
USUAL_SD = 1.2
"""Of the noise in phi where no interval is known: the centre of its prior."""
FARTHEST_DECADE = 7.0


@dataclass(frozen=True, kw_only=True)
class Observed:
    """Scores seen, in phi; `relative_sd` is each one's own sd over `USUAL_SD`, 1 where it is unknown."""

    cells: Cells
    phi: Floats
    relative_sd: Floats
    root: Floats = field(init=False)
    """Of the discrepancy's correlation: root root' is that, but for what is lost in rounding."""

    def __post_init__(self) -> None:
        values, vectors = np.linalg.eigh(discrepancy_correlation(self.cells, self.cells))
        kept = values > 1e-6 * values.max(initial=0.0)
        object.__setattr__(self, "root", vectors[:, kept] * np.sqrt(values[kept]))

    @classmethod
    def of(cls, cells: Cells, scores: Floats, sds: Floats) -> "Observed":
        """`sds` in points, not a number where unknown."""
        relative = np.where(np.isnan(sds), 1.0, sds * points_per_even(scores) / USUAL_SD)
        return cls(cells=cells, phi=to_even(scores), relative_sd=np.maximum(relative, 0.05))

    def __len__(self) -> int:
        return len(self.phi)


def discrepancy_correlation(one: Cells, other: Cells) -> Floats:
    """Correlation of the discrepancy: squared exponential in decades of L and U, none across paths."""
    decades = [(_decades(cells.labels), _decades(cells.pseudo_labels)) for cells in (one, other)]
    apart = sum((decades[0][axis][:, None] - decades[1][axis][None, :]) ** 2 for axis in (0, 1))
    same_path = one.is_annotate[:, None] == other.is_annotate[None, :]
    return np.where(same_path, np.exp(-0.5 * apart / DISCREPANCY_DECADES**2), 0.0)


def _decades(amounts: Floats) -> Floats:
    return np.log10(np.clip(amounts, 1.0, 10**FARTHEST_DECADE))


@dataclass(frozen=True, kw_only=True)
class Likelihood:
    """The likelihood of one set of observations, for given weights of the points' precisions.

    The scaled covariance of the discrepancy is `vectors` diag(`values`) `vectors`', of low rank, as it is smooth.
    """

    observed: Observed
    weights: Floats
    scale: Floats = field(init=False)
    values: Floats = field(init=False)
    vectors: Floats = field(init=False)

    def __post_init__(self) -> None:
        scale = np.sqrt(self.weights) / self.observed.relative_sd
        vectors, roots, _ = np.linalg.svd(self.observed.root * scale[:, None], full_matrices=False)
        for name, value in (("scale", scale), ("values", roots**2), ("vectors", vectors)):
            object.__setattr__(self, name, value)

    def _errors(self, particles: Particles) -> Floats:
        return (self.observed.phi - particles.phi) * self.scale

    def _variance(self, particles: Particles) -> Floats:
        return self.values * particles.discrepancy_variance[:, None] + particles.noise_variance[:, None]

    def log(self, particles: Particles) -> Floats:
        """The log likelihood of each particle, up to a constant."""
        errors, variance, noise = self._errors(particles), self._variance(particles), particles.noise_variance
        along = (errors @ self.vectors) ** 2
        left = np.maximum((errors**2).sum(axis=1) - along.sum(axis=1), 0.0)
        num_left = len(self.observed) - len(self.values)
        total: Floats = -0.5 * (
            (along / variance + np.log(variance)).sum(axis=1) + left / noise + num_left * np.log(noise)
        )
        return total

    def reweighted(self, particles: Particles, *, weights: Floats) -> "Likelihood":
        """The likelihood with the precisions that particles of these weights expect of each point."""
        noise = particles.noise_variance[:, None]
        explained = 1 - noise / self._variance(particles)
        errors = self._errors(particles)
        errors = errors - (explained * (errors @ self.vectors)) @ self.vectors.T
        squares = weights @ (errors**2 / noise)
        uncertain = weights @ explained @ (self.vectors**2).T
        # Both are of errors that the old weights scaled already.
        expected = (squares + uncertain) / self.weights
        return Likelihood(observed=self.observed, weights=(FREEDOM + 1) / (FREEDOM + expected))

    def discrepancy(self, particles: Particles, *, cells: Cells) -> tuple[Floats, Floats]:
        """The discrepancy left at other cells: its mean per particle, and a root of its correlation for all of them.

        The root is to be multiplied by each particle's own discrepancy sd.
        """
        onto = (discrepancy_correlation(cells, self.observed.cells) * self.scale) @ self.vectors
        size = particles.discrepancy_variance[:, None]
        means = (size * (self._errors(particles) @ self.vectors) / self._variance(particles)) @ onto.T
        noise = np.exp(np.mean(np.log(particles.noise_variance / particles.discrepancy_variance)))
        left = discrepancy_correlation(cells, cells) - (onto / (self.values + noise)) @ onto.T
        values, vectors = np.linalg.eigh(left)
        return means, vectors * np.sqrt(np.maximum(values, 0.0))
