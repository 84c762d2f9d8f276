from dataclasses import replace

import numpy as np
import pytest

from planning.policy import State
from planning.policy.look_ahead import plan_values
from planning.posterior import Worlds, to_even
from planning.surfaces import Cap, Cell, Cells, NewLabels, PriceList

CELLS = [Cell(100), Cell(200, chosen=100), Cell(100, 1_000.0)]
"""Of random labels, of labels that a model chose, and taught: $10, $20 and $5."""


def prices(*caps: Cap, new_labels: NewLabels | None = None) -> PriceList:
    return PriceList(
        cells=Cells.of(CELLS),
        label_dollars=np.array([10.0, 0.0, 0.0]),
        chosen_dollars=np.array([0.0, 20.0, 0.0]),
        compute_dollars=np.array([0.0, 0.0, 5.0]),
        teacher_dollars=np.zeros(3),
        caps=caps,
        new_labels=new_labels,
    )


def plan_dollars(offers: PriceList, *, first: int, money: float = 100.0) -> float:
    """What the plan that begins with a cell costs; the dearest student is surely the best, and the taught one next."""
    scores = np.repeat(np.array([[50.0, 90.0, 60.0]]), 400, axis=0)
    scores += 0.1 * np.random.default_rng(1).standard_normal(scores.shape)
    state = State(prices=offers, owned=offers.nothing(), budget=money, money=money, scores=np.full(3, np.nan))
    believed = Worlds(phi=to_even(scores), noise=np.full(400, 0.5))
    return float(plan_values(state=state, worlds=believed, allowed=state.affordable).dollars[first])


def test_without_a_cap_the_money_left_decides() -> None:
    assert plan_dollars(prices(), first=0) == 30
    assert plan_dollars(prices(), first=0, money=29.0) == 15


@pytest.mark.parametrize(("left", "dollars"), [(30.0, 30.0), (29.0, 15.0)])
def test_a_cap_on_labels_bounds_both_purchases_together(left: float, dollars: float) -> None:
    assert plan_dollars(prices(Cap(left=left, people=True)), first=0) == dollars


@pytest.mark.parametrize(("left", "dollars"), [(5.0, 15.0), (4.0, 10.0)])
def test_a_cap_on_a_path_bounds_the_second_purchase(left: float, dollars: float) -> None:
    no_more_labels = Cap(left=10.0, people=True)
    assert plan_dollars(prices(no_more_labels, Cap(left=left, distil=True)), first=0) == dollars


def test_what_a_cap_does_not_take_is_no_first_purchase() -> None:
    offers = prices(Cap(left=19.0, people=True, annotate=True))
    state = State(prices=offers, owned=offers.nothing(), budget=100.0, money=100.0, scores=np.full(3, np.nan))
    assert state.affordable.tolist() == [True, False, True]


@pytest.mark.parametrize(("num_left", "dollars"), [(200, 30.0), (199, 15.0)])
def test_the_pool_has_no_example_twice(num_left: int, dollars: float) -> None:
    new = NewLabels(
        num_left=num_left, counts=np.array([100.0, 100.0, 0.0]), kinds=np.array([0.0, 1.0, 0.0]), times=np.ones(3)
    )
    assert plan_dollars(prices(new_labels=new), first=0) == dollars
    to_choose_among = replace(new, num_left=num_left + 100, times=np.array([1.0, 2.0, 1.0]))
    assert plan_dollars(prices(new_labels=to_choose_among), first=0) == dollars


def test_of_one_kind_the_more_labels_include_the_fewer() -> None:
    new = NewLabels(num_left=100, counts=np.array([40.0, 100.0]), kinds=np.zeros(2), times=np.ones(2))
    assert new.fit_after(0).tolist() == [True, True]
