from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest
from django.db import connection

from budgets.cost_kinds import CostKind
from budgets.ledger import Cost, charge
from budgets.models import Budget, Origin
from budgets.prices import price_at
from reports.queries import one_moment
from tests import factories
from tests.integration.reports.ground import NOW


def charge_elsewhere(budget: Budget) -> None:
    cost = Cost(
        source_key="annotation:1", quantity=Decimal(1), amount=Decimal("0.1"), origin=Origin.PERSON, occurred_at=NOW
    )
    try:
        charge(budget=budget, cost=cost, price=price_at(book=budget.price_book, kind=CostKind.LABEL, at=NOW))
    finally:
        connection.close()


@pytest.mark.django_db(transaction=True)
def test_a_charge_that_comes_while_we_read_is_seen_in_no_figure_or_in_all() -> None:
    budget = factories.budget()
    with one_moment():
        before = Budget.objects.get(pk=budget.pk).spent
        with ThreadPoolExecutor(max_workers=1) as other:
            other.submit(charge_elsewhere, budget).result()
        assert not budget.entries.exists()
        assert Budget.objects.get(pk=budget.pk).spent == before
    assert budget.entries.count() == 1
