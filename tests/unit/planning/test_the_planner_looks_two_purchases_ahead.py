import numpy as np
import pytest

from planning.policy import State, choose
from planning.policy.look_ahead import expected_gain
from planning.posterior import Worlds, to_even
from planning.surfaces import Cell, Cells, Floats, PriceList

NUM_WORLDS = 400


def shop(*prices: float, money: float) -> State:
    """Distilled students of different labels that are owned, so that each costs its own compute alone."""
    costs, nothing = np.array(prices), np.zeros(len(prices))
    cells = Cells.of([Cell(number + 1, 10) for number in range(len(prices))])
    offers = PriceList(cells=cells, label_dollars=nothing, compute_dollars=costs, teacher_dollars=nothing)
    return State(prices=offers, owned=offers.nothing(), budget=money, money=money, scores=np.full(len(prices), np.nan))


def worlds(*scores: Floats) -> Worlds:
    """Equally likely score vectors, with a noise of half a point or so."""
    rows = np.repeat(np.array(scores), NUM_WORLDS // len(scores), axis=0)
    jitter = 0.1 * np.random.default_rng(1).standard_normal(rows.shape)
    return Worlds(phi=to_even(rows + jitter), noise=np.full(len(rows), 0.5))


def chosen(state: State, believed: Worlds) -> int | None:
    choice = choose(state=state, worlds=believed)
    return None if choice is None else choice.cell


@pytest.mark.parametrize("lead", [-3.0, 0.0, 2.0])
def test_an_expected_gain_is_the_mean_of_what_is_above_zero(lead: float) -> None:
    draws = lead + 2.0 * np.random.default_rng(0).standard_normal(400_000)
    gain = expected_gain(np.array([lead]), np.array([2.0]))[0]
    assert gain == pytest.approx(np.maximum(draws, 0).mean(), abs=0.02)


def test_the_best_that_fits_is_bought() -> None:
    assert chosen(shop(1, 5, 9, money=6), worlds(np.array([30.0, 50.0, 70.0]))) == 1


def test_of_two_alike_the_cheaper_is_bought() -> None:
    assert chosen(shop(5, 4, money=5), worlds(np.array([50.0, 49.9]))) == 1


def test_a_probe_that_tells_which_of_two_is_good_comes_first() -> None:
    either = worlds(np.array([40.0, 80.0, 20.0]), np.array([20.0, 20.0, 80.0]))
    assert chosen(shop(1, 5, 5, money=6), either) == 0
    assert chosen(shop(1, 5, 5, money=5), either) in (1, 2)


def test_a_detour_beyond_the_cap_is_not_made() -> None:
    either = worlds(np.array([40.0, 80.0, 20.0]), np.array([20.0, 20.0, 80.0]))
    assert chosen(shop(4, 5, 5, money=9), either) == 0
    assert chosen(shop(5, 4, 4, money=9.5), either) in (1, 2)


def test_what_adds_nothing_is_not_bought_because_its_plan_is_cheap() -> None:
    state = shop(1, 5, 5, 2, money=12)
    state.buy(3)
    state.scores[3] = 55.0
    useless, good, as_good = 30.0, 60.0, (60.4, 59.4)
    believed = worlds(*(np.array([useless, good, other, 55.0]) for other in as_good))
    assert chosen(state, believed) in (1, 2)


def test_it_stops_where_no_plan_gains() -> None:
    state = shop(1, 5, money=9)
    state.buy(1)
    state.scores[1] = 60.0
    assert chosen(state, worlds(np.array([30.0, 60.0]))) is None


def test_it_stops_where_nothing_is_affordable() -> None:
    assert chosen(shop(5, 6, money=4), worlds(np.array([30.0, 60.0]))) is None
