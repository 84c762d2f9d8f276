"""Where a manager says what a point is worth, a plan is bought that gains its price, and only such a plan."""

from dataclasses import replace

import pytest

from planning.policy import Advice, Forecast, Question, advise
from planning.surfaces import TEACHER, Cell
from tests.unit.planning.test_advice_is_given_in_plain_words import offers, question

Row = tuple[int, float, float]
MANY = [Cell(labels, count) for labels in (100, 200, 500, 1000, 2000, 4000) for count in (0.0, 3_000.0, 10_000.0)]
TASKS: tuple[tuple[Row, ...], ...] = (
    ((1000, 0.0, 68.0),),
    ((500, TEACHER, 27.0),),
    ((100, 0.0, 60.0), (500, 0.0, 70.0), (100, 10_000.0, 65.0), (500, 10_000.0, 72.0)),
    # The cheapest plan close to the best one is not worth its price at 20, and the best one is.
    ((200, 0.0, 52.0), (1000, 0.0, 57.0)),
)


def asked(*rows: Row, worth: float) -> Question:
    return replace(question(*rows, money=1_000.0, worth=worth), offers=offers(cells=MANY))


def best_plan(advice: Advice, *, worth: float) -> tuple[float, Forecast]:
    """The plan that is worth most beyond its price, and by how many dollars."""
    gaining = [one for one in advice.forecasts if one.gain >= 0.02]
    return max(((worth * one.gain - one.plan_dollars, one) for one in gaining), key=lambda pair: pair[0])


def test_a_dear_second_purchase_stops_no_first_one_that_is_worth_its_price() -> None:
    advice = advise(asked((500, TEACHER, 27.0), worth=5.0))
    assert advice.best is not None
    assert advice.best.plan_dollars < 5 * advice.best.gain


@pytest.mark.parametrize("rows", TASKS)
def test_it_stops_where_no_plan_is_worth_its_price_and_nowhere_else(rows: tuple[Row, ...]) -> None:
    stopped = set()
    for worth in (0.2, 2.0, 10.0, 20.0, 25.0, 40.0):
        advice = advise(asked(*rows, worth=worth))
        assert (advice.best is None) == (best_plan(advice, worth=worth)[0] <= 0), worth
        stopped.add(advice.best is None)
    assert stopped == {True, False}


def test_a_stop_names_the_plan_with_its_whole_price() -> None:
    advice = advise(asked(*TASKS[2], worth=10.0))
    _, best = best_plan(advice, worth=10.0)
    gain = f"would gain {best.gain:.1f} points for ${best.plan_dollars:,.2f}, more than they are worth."
    assert advice.words == f"Stop: the best plan begins with {best.cell} and {gain}"
