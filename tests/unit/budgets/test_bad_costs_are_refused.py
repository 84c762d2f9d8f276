from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from budgets.cost_kinds import CostKind
from budgets.ledger import Cost, HoldRequest
from budgets.ledger.keys import LONGEST_KEY, fee_key, replacement_key, reversal_key
from budgets.models import Origin, Price
from config.refusals import Refusal

PRICE = Price(kind=CostKind.LABEL, amount=Decimal(1))
BAD_AMOUNTS = ["-0.000001", "NaN", "Infinity", "-Infinity", "1e30"]
BAD_KEYS = ["", "a" * (LONGEST_KEY + 1), "reversal:annotation:1", "repriced:7:annotation:1", "annotation:1:fee"]


def cost(**fields: Any) -> Cost:
    values = {"source_key": "annotation:1", "quantity": Decimal(1), "amount": Decimal(1), "origin": Origin.PERSON}
    return Cost(**{**values, "occurred_at": datetime(2026, 1, 1, tzinfo=UTC), **fields})


@pytest.mark.parametrize("bad", BAD_AMOUNTS)
def test_an_amount_that_cannot_be_is_neither_held_nor_charged(bad: str) -> None:
    with pytest.raises(Refusal, match="amount"):
        HoldRequest(source_key="run:1", amount=Decimal(bad), price=PRICE)
    with pytest.raises(Refusal, match="amount"):
        cost(amount=Decimal(bad))
    with pytest.raises(Refusal, match="quantity"):
        cost(quantity=Decimal(bad))


@pytest.mark.parametrize("bad", BAD_KEYS)
def test_a_source_key_that_could_be_taken_for_another_is_refused(bad: str) -> None:
    with pytest.raises(ValueError, match="source_key"):
        HoldRequest(source_key=bad, amount=Decimal(1), price=PRICE)
    with pytest.raises(ValueError, match="source_key"):
        cost(source_key=bad)


def test_a_cost_without_a_time_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="no time zone"):
        cost(occurred_at=datetime(2026, 1, 1))  # noqa: DTZ001 -- that is what is refused


def test_no_key_outgrows_its_column_however_often_it_is_repriced() -> None:
    key = fee_key("a" * LONGEST_KEY)
    for price_id in range(9_223_372_036_854_775_000, 9_223_372_036_854_775_009):
        key = replacement_key(key, price_id=price_id)
    assert len(reversal_key(key)) <= 200
    assert key == f"repriced:{price_id}:{'a' * LONGEST_KEY}:fee"
