from datetime import UTC, datetime
from decimal import Decimal

import pytest
from django.db import ProgrammingError, connection, transaction

from accounts.append_only import AppendOnlyViolation
from accounts.models import Role
from accounts.permissions import Forbidden
from budgets.cost_kinds import CostKind
from budgets.ledger import AlreadyReversed, Cost, charge, reverse
from budgets.models import LedgerEntry, Origin, Price
from budgets.prices import price_at
from budgets.queries import differences
from config.refusals import Refusal
from tests import factories

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def entry() -> LedgerEntry:
    budget = factories.budget(limit="10")
    price = price_at(book=budget.price_book, kind=CostKind.LABEL, at=NOW)
    cost = Cost(
        source_key="annotation:a", quantity=Decimal(1), amount=Decimal("0.1"), origin=Origin.PERSON, occurred_at=NOW
    )
    return charge(budget=budget, cost=cost, price=price)


def test_an_entry_can_be_neither_saved_again_nor_deleted(entry: LedgerEntry) -> None:
    with pytest.raises(AppendOnlyViolation):
        entry.save()
    with pytest.raises(AppendOnlyViolation):
        entry.delete()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE budgets_ledgerentry SET amount = 0",
        "DELETE FROM budgets_ledgerentry",
        "UPDATE budgets_price SET amount = 9",
    ],
)
def test_the_database_refuses_a_change(entry: LedgerEntry, statement: str) -> None:
    with pytest.raises(ProgrammingError, match="Cannot"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


def test_a_reversal_undoes_an_entry_and_frees_the_money(entry: LedgerEntry) -> None:
    reversal = reverse(actor=factories.person(Role.ADMIN), entry=entry, reason="labelled twice")
    entry.budget.refresh_from_db()
    assert (reversal.amount, reversal.reverses, entry.budget.spent) == (Decimal("-0.1"), entry, 0)
    assert differences(entry.budget) == []


def test_an_entry_is_reversed_once(entry: LedgerEntry) -> None:
    admin = factories.person(Role.ADMIN)
    reversal = reverse(actor=admin, entry=entry, reason="wrong")
    for again in (entry, reversal):
        with pytest.raises(AlreadyReversed):
            reverse(actor=admin, entry=again, reason="wrong")


def test_only_an_admin_reverses_and_says_why(entry: LedgerEntry) -> None:
    with pytest.raises(Forbidden):
        reverse(actor=factories.person(Role.MANAGER), entry=entry, reason="wrong")
    with pytest.raises(Refusal, match="reason"):
        reverse(actor=factories.person(Role.ADMIN), entry=entry, reason=" ")


def test_a_later_price_leaves_earlier_ones_as_they_are(entry: LedgerEntry) -> None:
    book = entry.price.book
    later = Price.objects.create(
        book=book, kind=CostKind.LABEL, amount=Decimal("0.2"), starts_at=NOW.replace(year=2027)
    )
    assert price_at(book=book, kind=CostKind.LABEL, at=NOW) == entry.price
    assert price_at(book=book, kind=CostKind.LABEL, at=NOW.replace(year=2028)) == later
