from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from budgets.money import parse_amount, split
from config.refusals import Refusal


@pytest.mark.parametrize("bad", ["-1", "0", "NaN", "Infinity", "1e30", "0.1234567", "ten", ""])
def test_a_bad_amount_is_refused_with_its_field(bad: str) -> None:
    with pytest.raises(Refusal, match=r"^price: "):
        parse_amount(bad, name="price")


def test_six_decimals_are_kept() -> None:
    assert parse_amount("0.123456", name="price") == Decimal("0.123456")


def test_zero_is_an_amount_only_where_it_makes_sense() -> None:
    assert parse_amount("0", name="limit", allow_zero=True) == 0


@given(
    st.decimals(min_value=-1000, max_value=1000, places=6),
    st.lists(st.decimals(min_value=0, max_value=10, places=2), min_size=1, max_size=7).filter(lambda ws: sum(ws) > 0),
)
def test_parts_add_up_exactly(amount: Decimal, weights: list[Decimal]) -> None:
    assert sum(split(amount, weights)) == amount


def test_thirds_differ_by_one_millionth() -> None:
    assert split(Decimal("1"), [Decimal(1)] * 3) == [Decimal("0.333334"), Decimal("0.333333"), Decimal("0.333333")]
