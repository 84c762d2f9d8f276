from decimal import Decimal
from typing import Any

import pytest

from planning.estimates import ASSUMED_SECONDS, AnswerHistory, AnswerPrices, Estimate, estimate_answers

PRICES = AnswerPrices(cheapest=Decimal("0.08"), usual=Decimal("0.10"), dearest=Decimal("0.25"))


def amounts(estimate: Estimate) -> tuple[str, str, str]:
    return str(estimate.low), str(estimate.expected), str(estimate.high)


def test_without_a_history_prices_alone_decide_and_the_time_is_assumed() -> None:
    found = estimate_answers(num_answers=10, prices=PRICES, history=AnswerHistory())
    assert [Decimal(one) for one in amounts(found)] == [Decimal("0.80"), Decimal(1), Decimal("2.50")]
    assert found.expected_seconds == 10 * ASSUMED_SECONDS[1]
    assert "there is none yet" in found.basis


def test_skips_so_far_are_expected_again_and_paid() -> None:
    prices = AnswerPrices(**{**vars(PRICES), "skip": Decimal("0.02")})
    found = estimate_answers(num_answers=10, prices=prices, history=AnswerHistory(skip_rate=0.5))
    assert [Decimal(one) for one in amounts(found)] == [Decimal("0.80"), Decimal("1.10"), Decimal("2.70")]


def test_the_time_is_taken_from_the_quartiles_and_shared_by_the_people() -> None:
    history = AnswerHistory(seconds=[9, 1, 3, 5, 7], num_people=2)
    found = estimate_answers(num_answers=4, prices=PRICES, history=history)
    assert (found.low_seconds, found.expected_seconds, found.high_seconds) == (6, 10, 14)
    assert "5 annotations" in found.basis


def test_a_usual_price_outside_of_todays_prices_is_moved_into_them() -> None:
    prices = AnswerPrices(cheapest=Decimal(1), usual=Decimal("0.5"), dearest=Decimal(2))
    found = estimate_answers(num_answers=3, prices=prices, history=AnswerHistory())
    assert (found.low, found.expected, found.high) == (3, 3, 6)


def test_nothing_costs_nothing() -> None:
    found = estimate_answers(num_answers=0, prices=PRICES, history=AnswerHistory())
    assert (found.high, found.high_seconds) == (0, 0)


def test_a_negative_number_is_refused() -> None:
    with pytest.raises(ValueError, match="-1 is negative"):
        estimate_answers(num_answers=-1, prices=PRICES, history=AnswerHistory())


@pytest.mark.parametrize("wrong", [{"low": Decimal(3)}, {"high_seconds": 1.0}])
def test_an_estimate_rises_from_low_to_high(wrong: dict[str, Any]) -> None:
    right = {"low": Decimal(1), "expected": Decimal(2), "high": Decimal(2)}
    seconds = {"low_seconds": 1.0, "expected_seconds": 2.0, "high_seconds": 3.0}
    with pytest.raises(ValueError, match="do not rise"):
        Estimate(**{**right, **seconds, "basis": "", **wrong})
