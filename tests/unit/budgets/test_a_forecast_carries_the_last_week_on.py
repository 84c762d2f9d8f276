from datetime import UTC, datetime, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from budgets.forecast import Forecast, forecast

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)


def ahead(spends: list[tuple[float, str]], available: str = "10") -> Forecast | None:
    """Forecast from spends given as days ago and amount."""
    dated = [(NOW - timedelta(days=days), Decimal(amount)) for days, amount in spends]
    return forecast(spends=dated, available=Decimal(available), now=NOW)


def test_an_even_pace_runs_out_when_the_rest_is_used_up() -> None:
    found = ahead([(4, "1"), (3, "1"), (2, "1"), (1, "1")], "10")
    assert found == Forecast(per_day=Decimal("1.000000"), runs_out_at=NOW + timedelta(days=10))


def test_less_than_two_days_of_history_is_too_little() -> None:
    assert ahead([(1.9, "5"), (0.1, "5")]) is None
    assert ahead([]) is None


def test_what_was_spent_before_the_window_counts_nothing() -> None:
    found = ahead([(30, "1000"), (5, "5")])
    assert found is not None
    assert found.per_day == 1


def test_when_more_came_back_than_was_spent_nothing_runs_out() -> None:
    assert ahead([(3, "1"), (1, "-2")]) == Forecast(per_day=Decimal(0), runs_out_at=None)


def test_a_budget_with_nothing_left_runs_out_now() -> None:
    found = ahead([(3, "1")], "0")
    assert found is not None
    assert found.runs_out_at == NOW


def test_a_day_too_far_away_is_not_named() -> None:
    found = ahead([(3, "0.000003")], "100000000")
    assert found is not None
    assert found.runs_out_at is None


@given(
    st.lists(st.tuples(st.floats(0, 9), st.decimals(-100, 100, places=6)), max_size=20),
    st.decimals(0, 10**8, places=6),
)
def test_a_forecast_never_lies_in_the_past(spends: list[tuple[float, Decimal]], available: Decimal) -> None:
    dated = [(NOW - timedelta(days=days), amount) for days, amount in spends]
    found = forecast(spends=dated, available=available, now=NOW)
    assert found is None or found.per_day >= 0
    assert found is None or found.runs_out_at is None or found.runs_out_at >= NOW
