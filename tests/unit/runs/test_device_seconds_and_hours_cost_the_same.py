from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from budgets.cost_kinds import CostKind
from budgets.models import Price
from budgets.money import hours_of
from runs.money import cost_of


@given(st.decimals(min_value=0, max_value=3_000_000, places=3), st.decimals(min_value=0, max_value=100_000, places=6))
def test_an_entrys_hours_price_the_seconds_that_were_held(seconds: Decimal, rate: Decimal) -> None:
    price = Price(kind=CostKind.DEVICE_HOUR, device="cpu", amount=rate)
    assert price.cost(hours_of(int(seconds * 1_000_000))) == cost_of(seconds=seconds, price=price)
