"""Sequential Monte Carlo over parameters and family, from a bank of prior draws."""

import numpy as np
from scipy.optimize import brentq

from planning.posterior.curves import FAMILIES
from planning.posterior.likelihood import Likelihood, Observed
from planning.posterior.particles import Particles, Rows
from planning.posterior.priors import Prior
from planning.surfaces import Cells, Floats

NUM_PARTICLES = 800
ENOUGH = 150.0
"""Effective draws from which the bank alone serves."""
FIRST_LOOK = 2_500
"""Draws of the bank by which the points' precisions are guessed at first."""
MOVES_PER_STAGE = 3
LARGEST_STEP = 0.25
"""Effective share of the particles that a stage of tempering keeps."""


def sample(
    *, bank: Particles, prior: Prior, observed: Observed, random: np.random.Generator
) -> tuple[Particles, Likelihood]:
    """Draw `NUM_PARTICLES` of the posterior; the bank's `phi` must be at the observed cells."""
    likelihood = Likelihood(observed=observed, weights=np.ones(len(observed)))
    if not len(observed):
        even = np.full(len(bank.families), 1 / len(bank.families))
        return bank.take(resample(even, NUM_PARTICLES, random)), likelihood
    some = bank.take(random.permutation(len(bank))[:FIRST_LOOK])
    for _ in range(3):
        likelihood = likelihood.reweighted(some, weights=_normalised(likelihood.log(some)))
    logs = likelihood.log(bank)
    heat = _next_heat(logs, 0.0, ENOUGH)
    particles = bank.take(resample(_normalised(heat * logs), NUM_PARTICLES, random))
    while heat < 1:
        particles = _moved(particles, prior=prior, likelihood=likelihood, heat=heat, random=random)
        logs = likelihood.log(particles)
        rise = _next_heat(logs, heat, LARGEST_STEP * NUM_PARTICLES) - heat
        particles = particles.take(resample(_normalised(rise * logs), NUM_PARTICLES, random))
        heat += rise
        even = np.full(NUM_PARTICLES, 1 / NUM_PARTICLES)
        likelihood = likelihood.reweighted(particles, weights=even)
        if heat >= 1:
            particles = _moved(particles, prior=prior, likelihood=likelihood, heat=1.0, random=random)
    return particles, likelihood


def resample(weights: Floats, size: int, random: np.random.Generator) -> Rows:
    """Systematic resampling, in random order."""
    places = (np.arange(size) + random.random()) / size
    rows = np.searchsorted(np.cumsum(weights) / weights.sum(), places).clip(max=len(weights) - 1)
    return random.permutation(rows)


def effective_number(log_weights: Floats) -> float:
    """How many equally weighted draws these weighted ones are worth."""
    weights = np.exp(log_weights - log_weights.max())
    return float(weights.sum() ** 2 / (weights @ weights))


def _normalised(log_weights: Floats) -> Floats:
    weights: Floats = np.exp(log_weights - log_weights.max())
    weights /= weights.sum()
    return weights


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
        fit = likelihood.log(some)
        return prior.log_density(some.parameters) + heat * fit

    size = len(particles.parameters) // 2
    halves = [particles.take(np.arange(size)), particles.take(np.arange(size, 2 * size))]
    densities = [log_density(half) for half in halves]
    for step in range(2 * MOVES_PER_STAGE):
        this, others = step % 2, halves[1 - step % 2]
        proposed = _proposal(halves[this], others, likelihood.observed.cells, random)
        density = log_density(proposed)
        accepted = np.log(random.random(size)) < density - densities[this]
        halves[this] = halves[this].replaced(proposed, accepted)
        densities[this] = np.where(accepted, density, densities[this])
    return halves[0].joined(halves[1])


def _proposal(particles: Particles, others: Particles, cells: Cells, random: np.random.Generator) -> Particles:
    size, many = particles.parameters.shape
    pairs = random.integers(0, size, (2, size))
    step = random.choice([0.5, 1.0], size) * 2.38 / np.sqrt(2 * many)
    moved = particles.parameters + step[:, None] * (others.parameters[pairs[0]] - others.parameters[pairs[1]])
    moved += 0.02 * random.standard_normal((size, many))
    another = np.where(random.random(size) < 0.2, random.integers(0, len(FAMILIES), size), particles.families)
    return Particles.at(cells, parameters=moved, families=another)
