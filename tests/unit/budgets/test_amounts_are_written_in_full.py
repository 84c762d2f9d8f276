from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from budgets.money import amount_text, parse_amount, rounded_text


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        ("0", "0.00"),
        ("0.200000", "0.20"),
        ("0.0016", "0.0016"),
        ("0.000001", "0.000001"),
        ("-0.0008", "-0.0008"),
        ("12", "12.00"),
        ("1234.5", "1,234.50"),
    ],
)
def test_two_decimals_and_as_many_more_as_there_are(amount: str, text: str) -> None:
    assert amount_text(Decimal(amount)) == text


@given(st.decimals(min_value=0, max_value=100_000_000, places=6))
def test_no_digit_is_lost(amount: Decimal) -> None:
    assert Decimal(amount_text(amount).replace(",", "")) == amount


@given(st.decimals(min_value=0, max_value=999, places=6))
def test_what_is_written_can_be_read(amount: Decimal) -> None:
    assert parse_amount(amount_text(amount), name="limit", allow_zero=True) == amount


@pytest.mark.parametrize(("amount", "text"), [("0.004", "0.004"), ("0.0124", "0.01"), ("4.636", "4.64"), ("0", "0.00")])
def test_a_rounded_cost_is_never_shown_as_nothing(amount: str, text: str) -> None:
    assert rounded_text(Decimal(amount)) == text
