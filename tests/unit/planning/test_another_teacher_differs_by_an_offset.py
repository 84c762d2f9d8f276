import numpy as np
import pytest

from planning.posterior import Posterior, fit_points, vague_prior, worlds_with_others
from planning.surfaces import Cell, Cells, Owned, Point, PriceList
from tests.unit.planning.grounds import point

USUAL = (point(50, 0, 5, 60, 1.5), point(200, 0, 20, 75, 1.2), point(200, 2_000, 30, 82, 1.0))
SMALL, LARGE = Cell(200, 1_000), Cell(200, 4_000)
CELLS = Cells.of([SMALL, LARGE, Cell(200, 1_000, 1), Cell(200, 4_000, 1)])


@pytest.fixture(scope="module")
def posterior() -> Posterior:
    return fit_points(points=USUAL, prior=vague_prior())


def means(posterior: Posterior, *points: Point) -> list[float]:
    worlds = worlds_with_others(posterior=posterior, cells=CELLS, points=points)
    return [float(one) for one in worlds.scores.mean(axis=0)]


def measured(score: float) -> Point:
    return Point(cell=Cell(200, 1_000, 1), dollars=1, score=score, sd=1.0)


def test_before_it_is_measured_it_is_a_little_worse_and_much_less_sure(posterior: Posterior) -> None:
    worlds = worlds_with_others(posterior=posterior, cells=CELLS, points=())
    usual, other = worlds.scores[:, 1], worlds.scores[:, 3]
    assert 0 < usual.mean() - other.mean() < 4
    assert other.std() > 1.5 * usual.std()


def test_what_it_reached_at_one_size_tells_of_another_and_nothing_of_the_usual_teacher(posterior: Posterior) -> None:
    low, high = means(posterior, measured(60)), means(posterior, measured(90))
    assert low[3] + 10 < high[3]
    assert low[2] == pytest.approx(60, abs=3)
    assert low[:2] == pytest.approx(high[:2], abs=0.3)


def test_without_another_teacher_nothing_changes(posterior: Posterior) -> None:
    cells = Cells.of([SMALL, LARGE])
    found = worlds_with_others(posterior=posterior, cells=cells, points=())
    assert np.array_equal(found.phi, posterior.worlds(cells).phi)


def test_its_teacher_is_paid_for_by_itself() -> None:
    prices = PriceList(
        cells=CELLS, label_dollars=np.zeros(4), compute_dollars=np.full(4, 3.0), teacher_dollars=np.full(4, 2.0)
    )
    owned = Owned(label_dollars=0, has_teacher=np.zeros(4, dtype=np.bool_))
    assert prices.prices(prices.after(owned, 0)).tolist() == [1, 1, 3, 3]
    assert prices.prices(prices.after(owned, 3)).tolist() == [3, 3, 1, 1]
