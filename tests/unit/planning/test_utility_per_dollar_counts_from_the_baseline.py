from decimal import Decimal

import pytest

from planning.utility import utility_per_dollar


def test_the_gain_over_the_baseline_is_divided_by_the_cost() -> None:
    assert utility_per_dollar(utility=0.7, baseline=0.5, dollars=Decimal(40)) == pytest.approx(0.005)


def test_a_student_below_the_baseline_is_worth_less_than_nothing() -> None:
    assert utility_per_dollar(utility=0.4, baseline=0.5, dollars=Decimal(10)) == pytest.approx(-0.01)


def test_a_free_student_has_no_figure_per_dollar() -> None:
    assert utility_per_dollar(utility=0.7, baseline=0.5, dollars=Decimal(0)) is None


def test_a_negative_cost_is_refused() -> None:
    with pytest.raises(ValueError, match="dollars: -1 is negative"):
        utility_per_dollar(utility=0.7, baseline=0.5, dollars=Decimal(-1))
