from decimal import Decimal

import pytest

from planning.utility import MeasuredOutcome, Slope, marginal_utilities


def outcome(dollars: str, utility: float, *, num_labels: int, half_width: float = 0.01) -> MeasuredOutcome:
    return MeasuredOutcome(
        dollars=Decimal(dollars),
        utility=utility,
        low=utility - half_width,
        high=utility + half_width,
        num_labels=num_labels,
    )


def values(*outcomes: MeasuredOutcome) -> list[float | None]:
    return [None if slope is None else slope.value for slope in marginal_utilities(outcomes=outcomes)]


def test_each_step_is_measured_from_the_next_cheaper_of_the_frontier() -> None:
    found = values(outcome("10", 0.60, num_labels=50), outcome("20", 0.65, num_labels=100))
    assert found == [None, pytest.approx(0.005)]


def test_what_is_dearer_and_no_better_is_no_step() -> None:
    dearer = outcome("40", 0.64, num_labels=200)
    best = outcome("50", 0.70, num_labels=250)
    found = values(outcome("10", 0.60, num_labels=50), outcome("20", 0.65, num_labels=100), dearer, best)
    assert found == [None, pytest.approx(0.005), None, pytest.approx(0.05 / 30)]


def test_students_of_the_same_labels_are_no_step_however_little_more_one_cost() -> None:
    same = outcome("15.04", 0.60, num_labels=75), outcome("15.05", 0.63, num_labels=75)
    assert values(*same) == [None, None]
    assert values(*same, outcome("30", 0.73, num_labels=150)) == [None, None, pytest.approx(0.10 / 14.95)]


def test_the_order_given_does_not_matter() -> None:
    found = values(outcome("20", 0.65, num_labels=100), outcome("10", 0.60, num_labels=50))
    assert found == [pytest.approx(0.005), None]


def test_equal_costs_have_no_slope_between_them() -> None:
    assert values(outcome("10", 0.6, num_labels=1), outcome("10", 0.7, num_labels=2)) == [None, None]


def test_the_interval_is_that_of_the_difference() -> None:
    cheaper = outcome("10", 0.60, num_labels=50, half_width=0.03)
    _, slope = marginal_utilities(outcomes=[cheaper, outcome("20", 0.70, num_labels=100, half_width=0.04)])
    assert slope is not None
    assert (slope.low, slope.high) == (pytest.approx(0.005), pytest.approx(0.015))
    assert slope.is_clear


@pytest.mark.parametrize(("low", "high", "is_clear"), [(0.1, 0.3, True), (0.0, 0.4, False), (-0.3, -0.1, True)])
def test_a_slope_is_clear_where_its_interval_leaves_zero_out(low: float, high: float, is_clear: bool) -> None:
    assert Slope(value=(low + high) / 2, low=low, high=high).is_clear == is_clear


def test_nothing_in_gives_nothing_out() -> None:
    assert marginal_utilities(outcomes=[]) == []
