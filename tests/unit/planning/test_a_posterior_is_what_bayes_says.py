import numpy as np
import pytest

from planning.posterior import Bank, fit_points, from_even, to_even, vague_prior
from planning.posterior.curves import PARAMETERS, surface_scores
from planning.posterior.likelihood import Likelihood, Observed
from planning.posterior.particles import Particles
from planning.posterior.priors import VAGUE_NORMAL, Normal, Prior, learned_prior
from planning.posterior.sampler import sample
from planning.surfaces import TEACHER, Cell, Cells, Floats
from tests.unit.planning.grounds import point


def parameters(**values: float) -> Floats:
    return np.array([[values.get(name, 0.0) for name in PARAMETERS]])


@pytest.mark.parametrize("family", [0, 1, 2])
def test_a_curve_is_half_way_up_at_its_half(family: int) -> None:
    some = parameters(floor=-60.0, ceiling=60.0, half=3.0, ratio=1.0, u_half=4.0, zero_shot=-60.0)
    cells = Cells.of([Cell(0), Cell(1000), Cell(10**9), Cell(100, TEACHER), Cell(100, 10_000)])
    scores = surface_scores(parameters=some, families=np.array([float(family)]), cells=cells)
    assert scores[0] == pytest.approx([0, 50, 100, 50, 25], abs=0.1)


def test_a_teacher_begins_at_the_labels_that_its_zero_shot_reading_is_worth() -> None:
    some = parameters(floor=-60.0, ceiling=60.0, half=3.0, ratio=1.0, u_half=4.0, zero_shot=2.0)
    cells = Cells.of([Cell(0), Cell(0, TEACHER), Cell(0, 10_000)])
    scores = surface_scores(parameters=some, families=np.zeros(1), cells=cells)
    assert scores[0] == pytest.approx([0, 50, 25], abs=0.1)


def test_the_even_scale_goes_there_and_back() -> None:
    scores = np.array([1.0, 50.0, 97.0])
    assert from_even(to_even(scores)) == pytest.approx(scores)


def test_one_score_updates_a_normal_as_the_closed_form_does() -> None:
    """Only the ceiling is free; a grid over it gives the answer to within the error of the draws."""
    fixed = np.full(len(PARAMETERS), 1e-6)
    mean = parameters(floor=-60.0, half=3.0, shape=0.3, noise=0.0, discrepancy=-10.0)[0]
    fixed[PARAMETERS.index("ceiling")] = 1.0
    prior = Prior(parts=(Normal(mean=mean, sd=fixed),), shares=(1.0,))
    cells, random = Cells.of([Cell(1000), Cell(4000)]), np.random.default_rng(1)
    scores = np.array([20.0, 33.0])
    bank = Particles.at(cells, parameters=prior.sample(random, 8_000)[0], families=np.zeros(8_000))
    observed = Observed.of(cells, scores, np.full(2, np.nan))
    drawn, likelihood = sample(bank=bank, prior=prior, observed=observed, random=random)
    grid = np.repeat(mean[None], 2_001, axis=0)
    grid[:, 1] = np.linspace(-4, 4, 2_001)
    exact = Particles.at(cells, parameters=grid, families=np.zeros(2_001))
    logs = likelihood.log(exact) - 0.5 * grid[:, 1] ** 2
    weights = np.exp(logs - logs.max()) / np.exp(logs - logs.max()).sum()
    expected = weights @ grid[:, 1]
    spread = np.sqrt(weights @ (grid[:, 1] - expected) ** 2)
    hill = drawn.parameters[drawn.families == 0, 1]
    assert hill.mean() == pytest.approx(expected, abs=5 * spread / np.sqrt(150))
    assert hill.std() == pytest.approx(spread, rel=0.3)


def test_the_discrepancy_is_a_gaussian_process() -> None:
    """Of one point: mean K / (K + noise) of the error, at the point itself."""
    cells = Cells.of([Cell(1000)])
    observed = Observed.of(cells, np.array([50.0]), np.full(1, np.nan))
    particle = Particles(
        parameters=parameters(noise=np.log(2.0), discrepancy=np.log(4.0)),
        families=np.zeros(1),
        phi=observed.phi[None, :] - 10.0,
    )
    means, root = Likelihood(observed=observed, weights=np.ones(1)).discrepancy(particle, cells=cells)
    assert means[0, 0] == pytest.approx(10 * 16 / 20)
    assert (root @ root.T)[0, 0] == pytest.approx(1 - 16 / 20)


def test_a_stray_score_weighs_less() -> None:
    points = [point(labels, 0, 1.0, score) for labels, score in ((100, 30.0), (300, 45.0), (900, 20.0), (2700, 70.0))]
    points += [point(8100, 0, 1.0, 76.0), point(500, 0, 1.0, 52.0), point(1500, 0, 1.0, 64.0)]
    weights = fit_points(points=points, prior=vague_prior()).likelihood.weights
    assert weights.argmin() == 3
    assert weights[3] < 0.5 * np.median(weights)


def test_the_teachers_own_score_narrows_its_students_forecast() -> None:
    seen = [point(100, 0, 1.0, 20.0), point(400, 0, 1.0, 35.0)]
    target = Cells.of([Cell(400, 200_000)])
    without, with_teacher = (
        fit_points(points=points, prior=vague_prior()).worlds(target).scores[:, 0]
        for points in (seen, [*seen, point(400, TEACHER, 1.0, 70.0)])
    )
    assert with_teacher.std() < 0.7 * without.std()
    assert np.quantile(with_teacher, 0.9) < 78


def test_a_learned_prior_moves_towards_what_was_learned_and_keeps_a_vague_share() -> None:
    at = VAGUE_NORMAL.mean + 1.0
    prior = learned_prior(means=[at, at], variances=[0.1 * VAGUE_NORMAL.sd**2] * 2)
    learned, vague = prior.parts
    half, floor = PARAMETERS.index("half"), PARAMETERS.index("floor")
    assert learned.mean[half] - vague.mean[half] == pytest.approx(1.8 / 2.8)
    assert (learned.mean[floor], learned.sd[floor]) == (vague.mean[floor], vague.sd[floor])
    assert prior.shares == pytest.approx((0.8, 0.2))


def test_the_same_scores_give_the_same_draws() -> None:
    cells = Cells.of([Cell(100), Cell(1000), Cell(1000, 5000)])
    bank = Bank(prior=vague_prior(), cells=cells)
    one, other = (bank.fit(seen=[0, 1], scores=np.array([30.0, 50.0])).worlds(cells).phi for _ in range(2))
    assert np.array_equal(one, other)


def test_without_a_score_the_prior_is_left() -> None:
    bank = Bank(prior=vague_prior(), cells=Cells.of([Cell(1000)]))
    scores = bank.fit(seen=[], scores=np.array([])).worlds(bank.cells).scores
    assert scores.std() > 10
