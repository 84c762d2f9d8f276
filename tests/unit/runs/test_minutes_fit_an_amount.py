from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from budgets.cost_kinds import CostKind
from budgets.models import Price
from runs.money import cost_of, cost_per_minute, fitting_text, minutes_that_fit


def price(rate: str | Decimal) -> Price:
    return Price(kind=CostKind.DEVICE_HOUR, device="cpu", amount=Decimal(rate))


@pytest.mark.parametrize(
    ("money", "num_runs", "minutes"),
    [("0.60", 1, 10), ("0.599999", 1, 9), ("0.60", 3, 3), ("0.059999", 1, 0), ("0", 1, 0)],
)
def test_whole_minutes_are_counted(money: str, num_runs: int, minutes: int) -> None:
    assert minutes_that_fit(money=Decimal(money), price=price("3.60"), num_runs=num_runs) == minutes


def test_a_free_device_has_no_bound() -> None:
    assert minutes_that_fit(money=Decimal(0), price=price("0")) is None


@given(
    money=st.decimals(min_value=0, max_value=1000, places=6),
    rate=st.decimals(min_value="0.000001", max_value=100, places=6),
    num_runs=st.integers(min_value=1, max_value=3),
)
def test_what_fits_is_never_more_than_the_money_nor_a_minute_less(money: Decimal, rate: Decimal, num_runs: int) -> None:
    minutes = minutes_that_fit(money=money, price=price(rate), num_runs=num_runs)
    assert minutes is not None
    if minutes:
        assert cost_of(seconds=Decimal(minutes * 60), price=price(rate)) * num_runs <= money
    # Half a millionth per run is what rounding may hide.
    assert (minutes + 1) * 60 * rate / 3600 * num_runs > money - Decimal("0.000001") * num_runs


def test_a_minute_costs_a_sixtieth_of_an_hour() -> None:
    assert cost_per_minute(price("3.60")) == Decimal("0.06")


@pytest.mark.parametrize(
    ("num_minutes", "num_runs", "words"),
    [
        (9, 3, "At most 9 minutes for each of the 3 runs would fit."),
        (1, 1, "At most 1 minute would fit."),
        (0, 1, "Not even one minute would fit."),
    ],
)
def test_what_fits_is_said_fitting_text(num_minutes: int, num_runs: int, words: str) -> None:
    assert fitting_text(num_minutes=num_minutes, num_runs=num_runs) == words
