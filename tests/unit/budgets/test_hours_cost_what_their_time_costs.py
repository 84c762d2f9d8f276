from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from budgets.cost_kinds import CostKind
from budgets.models import Price
from budgets.money import MICROSECONDS_PER_HOUR, QUANTUM, hours_of

MINUTE = 60_000_000


def cost(microseconds: int, rate: str, kind: CostKind = CostKind.LABELLING_HOUR) -> Decimal:
    return Price(kind=kind, amount=Decimal(rate)).cost(hours_of(microseconds))


@pytest.mark.parametrize("kind", [CostKind.LABELLING_HOUR, CostKind.DEVICE_HOUR])
@pytest.mark.parametrize(
    ("minutes", "rate", "right"), [(5, "20", "1.666667"), (20, "1", "0.333333"), (20, "0.000003", "0.000001")]
)
def test_a_part_of_an_hour_costs_the_same_part_of_its_price(
    kind: CostKind, minutes: int, rate: str, right: str
) -> None:
    assert cost(minutes * MINUTE, rate, kind) == Decimal(right)


@given(
    st.integers(min_value=0, max_value=1000 * MICROSECONDS_PER_HOUR),
    st.decimals(min_value=0, max_value=100_000, places=6),
)
def test_every_time_costs_its_exact_price_rounded_once(microseconds: int, rate: Decimal) -> None:
    exact = Fraction(microseconds) * Fraction(rate) / MICROSECONDS_PER_HOUR / Fraction(QUANTUM)
    assert cost(microseconds, str(rate)) / QUANTUM == int(exact + Fraction(1, 2))


@given(st.decimals(min_value=0, max_value=1000, places=6), st.decimals(min_value=0, max_value=1000, places=2))
def test_hours_of_six_decimals_cost_hours_times_rate(hours: Decimal, rate: Decimal) -> None:
    price = Price(kind=CostKind.LABELLING_HOUR, amount=rate)
    exact = Fraction(hours) * Fraction(rate) / Fraction(QUANTUM)
    assert price.cost(hours) / QUANTUM == int(exact + Fraction(1, 2))


@pytest.mark.parametrize(
    "kind", [CostKind.INPUT_TOKENS, CostKind.CACHED_TOKENS, CostKind.OUTPUT_TOKENS, CostKind.KWH, CostKind.REVIEW]
)
def test_other_kinds_cost_quantity_times_rate(kind: CostKind) -> None:
    assert Price(kind=kind, amount=Decimal("0.15")).cost(Decimal("1.234")) == Decimal("0.1851")
