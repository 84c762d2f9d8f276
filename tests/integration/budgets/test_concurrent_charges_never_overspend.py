from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from django.db import connection

from budgets.cost_kinds import CostKind
from budgets.ledger import BudgetExceeded, BudgetStopped, Cost, charge
from budgets.models import LedgerEntry, Origin
from budgets.prices import price_at
from budgets.queries import differences
from tests import factories

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.django_db(transaction=True)
def test_fifty_concurrent_charges_at_a_limit_with_room_for_twenty() -> None:
    budget = factories.budget(limit="2.0")
    price = price_at(book=budget.price_book, kind=CostKind.LABEL, at=NOW)

    def attempt(number: int) -> bool:
        try:
            charge(
                budget=budget,
                price=price,
                cost=Cost(
                    source_key=f"annotation:{number}",
                    quantity=Decimal(1),
                    amount=Decimal("0.1"),
                    origin=Origin.PERSON,
                    occurred_at=NOW,
                ),
            )
        except (BudgetExceeded, BudgetStopped):
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(16) as pool:
        succeeded = sum(pool.map(attempt, range(50)))
    budget.refresh_from_db()
    assert (succeeded, LedgerEntry.objects.count(), budget.spent) == (20, 20, Decimal("2"))
    assert differences(budget) == []
