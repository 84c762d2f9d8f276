from decimal import Decimal
from math import exp, log

import numpy as np
import pytest

from planning.estimates import AnswerHistory, AnswerPrices, likely_answers
from planning.likely import Likely, apart, at_once, believe

ONE_PRICE = AnswerPrices(cheapest=Decimal("0.10"), usual=Decimal("0.10"), dearest=Decimal("0.10"))
TWO_PRICES = AnswerPrices(cheapest=Decimal("0.10"), usual=Decimal("0.15"), dearest=Decimal("0.20"))


def shares_inside(*, middle: float, sd: float, num_seen: int) -> float:
    """How often the next run is inside the interval that was learned from earlier ones."""
    random = np.random.default_rng(num_seen)
    inside = 0
    for _ in range(2_000):
        *seen, then = np.exp(random.normal(middle, sd, num_seen + 1))
        found = believe(seen, sd=0.3, weight=4).likely(1.0, most=100)
        inside += found.low <= then <= found.high
    return inside / 2_000


@pytest.mark.parametrize(("middle", "sd", "num_seen"), [(0.0, 0.15, 30), (0.3, 0.6, 30), (0.1, 0.3, 5)])
def test_four_in_five_runs_come_out_inside(middle: float, sd: float, num_seen: int) -> None:
    assert 0.75 < shares_inside(middle=middle, sd=sd, num_seen=num_seen) < 0.88


def test_without_a_run_it_is_as_far_up_as_down() -> None:
    found = believe([], sd=0.3, weight=4).likely(2.0, most=100)
    assert log(found.high / 2) == pytest.approx(log(2 / found.low))


def test_runs_that_took_twice_as_long_move_it_up_and_what_is_expected_stays_inside() -> None:
    belief = believe([2.0] * 50, sd=0.3, weight=4)
    found = belief.likely(1.0, most=100)
    assert found.low == found.expected == 1.0
    assert found.high > 2
    assert belief.factor == pytest.approx(exp(50 * log(2) / 54))


def test_no_run_costs_more_than_its_limit() -> None:
    assert believe([], sd=2, weight=1).likely(1.0, most=1.5).high == 1.5


def test_runs_of_one_device_are_dear_together_and_labels_by_themselves() -> None:
    one = Likely(expected=1.0, low=0.7, high=1.4)
    runs = at_once([one, one])
    assert (runs.low, runs.high) == pytest.approx((1.4, 2.8))
    both = apart(one, one)
    assert (both.low, both.high) == pytest.approx((2 - 0.3 * 2**0.5, 2 + 0.4 * 2**0.5))


def test_answers_of_one_price_are_known_to_the_cent() -> None:
    found = likely_answers(num_answers=20, prices=ONE_PRICE, history=AnswerHistory())
    assert (found.low, found.expected, found.high) == pytest.approx((2, 2, 2))


def test_who_will_answer_is_not_known_before_anybody_did() -> None:
    found = likely_answers(num_answers=20, prices=TWO_PRICES, history=AnswerHistory())
    assert 2 <= found.low < 2.5 < 3 < 3.5 < found.high <= 4


def test_more_answers_so_far_make_it_narrower() -> None:
    few, many = (
        likely_answers(
            num_answers=100, prices=TWO_PRICES, history=AnswerHistory(costs=[0.1, 0.2] * pairs, num_answers=2 * pairs)
        )
        for pairs in (2, 200)
    )
    assert many.high - many.low < (few.high - few.low) / 2
    assert many.low < many.expected < many.high


def test_skips_that_are_paid_widen_it_by_how_many_there_were() -> None:
    paid = AnswerPrices(**{**vars(ONE_PRICE), "skip": Decimal("0.05")})
    none = likely_answers(num_answers=100, prices=paid, history=AnswerHistory(num_answers=400))
    some = likely_answers(num_answers=100, prices=paid, history=AnswerHistory(skip_rate=0.5, num_answers=400))
    assert none.expected == 10 <= none.high < 10.2
    assert some.expected == 12.5 and 11.9 < some.low < 12.5 < some.high < 13


def test_nothing_has_no_interval() -> None:
    found = likely_answers(num_answers=0, prices=TWO_PRICES, history=AnswerHistory())
    assert (found.low, found.expected, found.high) == (0, 0, 0)
