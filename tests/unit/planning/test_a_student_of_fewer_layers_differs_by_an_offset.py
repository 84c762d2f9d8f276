"""Fewer layers: a cell of its own, with an offset that its own students tell."""

import numpy as np
import pytest

from planning.policy import half_of_layers
from planning.posterior import Posterior, fit_points, vague_prior, worlds_with_others
from planning.posterior.curves import from_even
from planning.posterior.other_students import OF_FEWER_LAYERS
from planning.surfaces import Cell, Cells, Owned, Point, PriceList, Surface
from tests.unit.planning.grounds import point

USUAL = (point(50, 0, 5, 60, 1.5), point(200, 0, 20, 75, 1.2), point(200, 2_000, 30, 82, 1.0))
WHOLE, SMALL, TAUGHT, SMALLER = Cell(200), Cell(200, layers=3), Cell(200, 2_000, layers=3), Cell(200, layers=1)
OWN, SMALL_OWN = Cell(200, 2_000, 1), Cell(200, 2_000, 1, layers=3)
EVERY = [WHOLE, SMALL, TAUGHT, SMALLER, OWN, SMALL_OWN]


@pytest.fixture(scope="module")
def posterior() -> Posterior:
    return fit_points(points=USUAL, prior=vague_prior())


def scores(posterior: Posterior, *points: Point) -> dict[Cell, tuple[float, float]]:
    """Mean and standard deviation of each cell."""
    worlds = worlds_with_others(posterior=posterior, cells=Cells.of(EVERY), points=points)
    pairs = zip(worlds.scores.mean(axis=0), worlds.scores.std(axis=0), strict=True)
    return {cell: (float(mean), float(sd)) for cell, (mean, sd) in zip(EVERY, pairs, strict=True)}


def measured(cell: Cell, score: float) -> Point:
    return Point(cell=cell, dollars=1, score=score, sd=1.0)


def test_before_it_is_measured_it_scores_less_and_its_band_is_that_of_its_prior(posterior: Posterior) -> None:
    found = scores(posterior)
    assert 2 < found[WHOLE][0] - found[SMALL][0] < 7
    phi = np.random.default_rng(0).normal(0, np.hypot(OF_FEWER_LAYERS.sd, OF_FEWER_LAYERS.cell_sd), 20_000)
    prior_sd = float(from_even(100 * np.arcsin(np.sqrt(0.7)) + phi).std())
    assert all(found[cell][1] > 0.9 * prior_sd for cell in (SMALL, TAUGHT, SMALLER))


def test_its_students_tell_of_its_size_alone_and_bend_no_curve(posterior: Posterior) -> None:
    low, high = (scores(posterior, measured(SMALL, score)) for score in (60, 80))
    for cell in (SMALL, TAUGHT, SMALL_OWN):
        assert low[cell][0] + 8 < high[cell][0]
    for cell in (WHOLE, SMALLER, OWN):
        assert low[cell][0] == pytest.approx(high[cell][0], abs=0.4)
    assert low[TAUGHT][1] < scores(posterior)[TAUGHT][1]


def test_one_that_another_teacher_taught_tells_of_its_layers_and_not_of_the_teacher(posterior: Posterior) -> None:
    low, high = (scores(posterior, measured(SMALL_OWN, score)) for score in (55, 85))
    assert low[TAUGHT][0] + 4 < high[TAUGHT][0]
    assert low[OWN][0] == pytest.approx(high[OWN][0], abs=0.4)


def test_it_is_no_repeated_measurement_of_a_whole_one() -> None:
    surface = Surface(name="one", points=(measured(WHOLE, 75), measured(SMALL, 65), measured(SMALL, 67)))
    assert {each.cell: each.score for each in surface.points} == {WHOLE: 75, SMALL: 66}
    assert [surface.cells.cell(place) for place in range(2)] == [WHOLE, SMALL]
    assert str(SMALL) == "200 labels for a student of 3 layers"


def test_a_teacher_of_the_same_labels_is_paid_for_once() -> None:
    cells = Cells.of([Cell(200, 2_000), TAUGHT])
    prices = PriceList(
        cells=cells, label_dollars=np.zeros(2), compute_dollars=np.full(2, 3.0), teacher_dollars=np.full(2, 2.0)
    )
    owned = Owned(label_dollars=0, has_teacher=np.zeros(2, dtype=np.bool_))
    assert prices.prices(prices.after(owned, 0)).tolist() == [1, 1]


@pytest.mark.parametrize(("num_layers", "kept"), [(0, ()), (1, ()), (2, (0,)), (3, (0, 1)), (12, (0, 1, 2, 3, 4, 5))])
def test_the_first_half_is_kept(num_layers: int, kept: tuple[int, ...]) -> None:
    assert half_of_layers(num_layers) == kept
