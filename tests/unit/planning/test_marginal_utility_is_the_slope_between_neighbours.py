from decimal import Decimal

import pytest

from planning.utility import Outcome, marginal_utilities


def outcome(dollars: str, utility: float) -> Outcome:
    return Outcome(dollars=Decimal(dollars), utility=utility)


def test_each_outcome_is_measured_from_its_cheaper_neighbour() -> None:
    slopes = marginal_utilities(outcomes=[outcome("10", 0.60), outcome("20", 0.65), outcome("40", 0.64)])
    assert slopes == [None, pytest.approx(0.005), pytest.approx(-0.0005)]


def test_the_order_given_does_not_matter() -> None:
    slopes = marginal_utilities(outcomes=[outcome("20", 0.65), outcome("10", 0.60)])
    assert slopes == [pytest.approx(0.005), None]


def test_equal_costs_have_no_slope_between_them() -> None:
    assert marginal_utilities(outcomes=[outcome("10", 0.6), outcome("10", 0.7)]) == [None, None]


def test_nothing_in_gives_nothing_out() -> None:
    assert marginal_utilities(outcomes=[]) == []
