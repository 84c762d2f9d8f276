"""Money spent at a time, in one line."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count

from accounts.models import Role
from budgets.cost_kinds import CostKind
from budgets.ledger import Cost, charge
from budgets.models import Budget, LedgerEntry, Origin, Price
from budgets.prices import Scope, price_at, set_price
from tests import factories

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
_numbers = count(1)


def label_price(budget: Budget) -> Price:
    return price_at(book=budget.price_book, kind=CostKind.LABEL, at=NOW, scope=Scope(budget=budget))


def cost(amount: str, *, at: datetime = NOW, key: str = "", overshoot: bool = False) -> Cost:
    return Cost(
        source_key=key or f"work:{next(_numbers)}",
        quantity=Decimal(1),
        amount=Decimal(amount),
        origin=Origin.PERSON,
        occurred_at=at,
        overshoot=overshoot,
    )


def platform_fee(budget: Budget, percent: str) -> Price:
    start = factories.LONG_AGO + timedelta(days=next(_numbers))
    actor = factories.person(Role.ADMIN)
    return set_price(actor=actor, book=budget.price_book, kind=CostKind.PLATFORM_FEE, amount=percent, starts_at=start)


def spent(
    budget: Budget, amount: str, *, at: datetime = NOW, fee: Price | None = None, overshoot: bool = False
) -> LedgerEntry:
    return charge(budget=budget, cost=cost(amount, at=at, overshoot=overshoot), price=label_price(budget), fee=fee)
