"""Money spent at a time, in one line."""

from datetime import UTC, datetime
from decimal import Decimal
from itertools import count

from budgets.models import Budget, Kind, LedgerEntry, Origin, Price
from budgets.operations import Cost, Scope, charge, price_at

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
_numbers = count(1)


def label_price(budget: Budget) -> Price:
    return price_at(book=budget.price_book, kind=Kind.LABEL, at=NOW, scope=Scope(budget=budget))


def cost(amount: str, *, at: datetime = NOW, key: str = "", overshoot: bool = False) -> Cost:
    return Cost(
        source_key=key or f"work:{next(_numbers)}",
        quantity=Decimal(1),
        amount=Decimal(amount),
        origin=Origin.PERSON,
        occurred_at=at,
        overshoot=overshoot,
    )


def spent(budget: Budget, amount: str, *, at: datetime = NOW, fee: Price | None = None) -> LedgerEntry:
    return charge(budget=budget, cost=cost(amount, at=at), price=label_price(budget), fee=fee)
