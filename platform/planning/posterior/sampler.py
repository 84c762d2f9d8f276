"""Sequential Monte Carlo over parameters and family, from a bank of prior draws."""

from dataclasses import dataclass, replace

import numpy as np
from scipy.optimize import brentq

from planning.posterior.curves import FAMILIES, NOISE, surface_scores, to_even
from planning.posterior.likelihood import Likelihood, Observed
from planning.posterior.priors import Prior
from planning.surfaces import Cells, Floats

BANK_SIZE = 10_000
NUM_PARTICLES = 800
ENOUGH = 150.0
"""Effective draws from which the bank alone serves."""
MOVES_PER_STAGE = 3
LARGEST_STEP = 0.25
"""Effective share of the particles that a stage of tempering keeps."""


@dataclass(frozen=True, kw_only=True)
class Particles:
    """Parameter vectors (rows) with families; `phi` is their forecast at the cells that were seen."""

    parameters: Floats
    families: Floats
    phi: Floats

    @property
    def log_noise(self) -> Floats:
        noise: Floats = self.parameters[:, NOISE]
        return noise

    def take(self, rows: np.ndarray[tuple[int], np.dtype[np.intp]]) -> "Particles":
        return Particles(parameters=self.parameters[rows], families=self.families[rows], phi=self.phi[rows])


def forecast(parameters: Floats, families: Floats, cells: Cells) -> Floats:
    return to_even(surface_scores(parameters=parameters, families=families, cells=cells))


def sample(
    *, bank: Particles, prior: Prior, observed: Observed, random: np.random.Generator
) -> tuple[Particles, Likelihood]:
    """Draw `NUM_PARTICLES` of the posterior; the bank's `phi` must be at the observed cells."""
    likelihood = Likelihood(observed=observed, weights=np.ones(len(observed)))
    for _ in range(3):
        weights = _normalised(likelihood.log(phi=bank.phi, log_noise=bank.log_noise))
        likelihood = likelihood.reweighted(phi=bank.phi, log_noise=bank.log_noise, weights=weights)
    logs = likelihood.log(phi=bank.phi, log_noise=bank.log_noise)
    heat = _next_heat(logs, 0.0, ENOUGH)
    particles = bank.take(resample(_normalised(heat * logs), NUM_PARTICLES, random))
    while heat < 1:
        particles = _moved(particles, prior=prior, likelihood=likelihood, heat=heat, random=random)
        logs = likelihood.log(phi=particles.phi, log_noise=particles.log_noise)
        rise = _next_heat(logs, heat, LARGEST_STEP * NUM_PARTICLES) - heat
        particles = particles.take(resample(_normalised(rise * logs), NUM_PARTICLES, random))
        heat += rise
        even = np.full(NUM_PARTICLES, 1 / NUM_PARTICLES)
        likelihood = likelihood.reweighted(phi=particles.phi, log_noise=particles.log_noise, weights=even)
        if heat >= 1:
            particles = _moved(particles, prior=prior, likelihood=likelihood, heat=1.0, random=random)
    return particles, likelihood


def resample(weights: Floats, size: int, random: np.random.Generator) -> np.ndarray[tuple[int], np.dtype[np.intp]]:
    """Systematic resampling, in random order."""
    places = (np.arange(size) + random.random()) / size
    rows = np.searchsorted(np.cumsum(weights) / weights.sum(), places).clip(max=len(weights) - 1)
    return random.permutation(rows)


def effective_number(log_weights: Floats) -> float:
    weights = np.exp(log_weights - log_weights.max())
    return float(weights.sum() ** 2 / (weights @ weights))


def _normalised(log_weights: Floats) -> Floats:
    weights: Floats = np.exp(log_weights - log_weights.max())
    return weights / weights.sum()


def _next_heat(logs: Floats, heat: float, wanted: float) -> float:
    """The largest exponent, up to 1, that leaves `wanted` effective draws."""

    def beyond(rise: float) -> float:
        return effective_number(rise * logs) - wanted

    if beyond(1 - heat) >= 0:
        return 1.0
    return heat + float(brentq(beyond, 0.0, 1 - heat, xtol=1e-3))


def _moved(
    particles: Particles, *, prior: Prior, likelihood: Likelihood, heat: float, random: np.random.Generator
) -> Particles:
    """Metropolis steps along differences of other particles (ter Braak, 2006), one half from the other half."""

    def log_density(some: Particles) -> Floats:
        fit = likelihood.log(phi=some.phi, log_noise=some.log_noise)
        return prior.log_density(some.parameters) + heat * fit

    size = len(particles.parameters) // 2
    halves = [particles.take(np.arange(size)), particles.take(np.arange(size, 2 * size))]
    densities = [log_density(half) for half in halves]
    for step in range(2 * MOVES_PER_STAGE):
        this, others = step % 2, halves[1 - step % 2]
        proposed = _proposal(halves[this], others, likelihood.observed.cells, random)
        density = log_density(proposed)
        accepted = np.log(random.random(size)) < density - densities[this]
        halves[this] = _chosen(halves[this], proposed, accepted)
        densities[this] = np.where(accepted, density, densities[this])
    return Particles(**{name: np.concatenate([getattr(half, name) for half in halves]) for name in vars(particles)})


def _proposal(particles: Particles, others: Particles, cells: Cells, random: np.random.Generator) -> Particles:
    size, many = particles.parameters.shape
    pairs = random.integers(0, size, (2, size))
    step = random.choice([0.5, 1.0], size) * 2.38 / np.sqrt(2 * many)
    moved = particles.parameters + step[:, None] * (others.parameters[pairs[0]] - others.parameters[pairs[1]])
    moved += 0.02 * random.standard_normal((size, many))
    another = np.where(random.random(size) < 0.2, random.integers(0, len(FAMILIES), size), particles.families)
    return Particles(parameters=moved, families=another, phi=forecast(moved, another, cells))


def _chosen(old: Particles, new: Particles, accepted: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> Particles:
    return replace(
        old,
        parameters=np.where(accepted[:, None], new.parameters, old.parameters),
        families=np.where(accepted, new.families, old.families),
        phi=np.where(accepted[:, None], new.phi, old.phi),
    )
