from datetime import timedelta
from decimal import Decimal
from typing import Any

import pgtrigger
import pytest

from accounts.models import Role, User
from budgets.cost_kinds import CostKind
from budgets.ledger import Period, preview_repricing, reprice
from budgets.ledger import reverse as undo
from budgets.models import Budget, LedgerEntry, Price
from budgets.prices import set_price
from reports.verify import entry_differences, verify
from studies.models import Study
from tests import factories
from tests.factories import place_hold
from tests.integration.reports import ground

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin() -> User:
    return factories.person(Role.ADMIN)


@pytest.fixture
def study(admin: User) -> Study:
    """Three labels at a price whose fee has to be rounded."""
    book = factories.price_book(label="0.100003")
    kind, amount, start = CostKind.PLATFORM_FEE, "12.5", factories.LONG_AGO
    set_price(actor=admin, book=book, kind=kind, amount=amount, starts_at=start)
    study = factories.study(prices=book)
    ground.buy_labels(study, 3, with_fee=True)
    return study


def correct_price(study: Study, admin: User) -> None:
    price = Price.objects.get(book=study.budget.price_book, kind=CostKind.LABEL)
    period = Period(starts_at=ground.NOW - timedelta(days=1), ends_at=ground.NOW + timedelta(days=1))
    plan = preview_repricing(actor=admin, price=price, amount="0.200007", period=period)
    reprice(actor=admin, price=price, amount="0.200007", period=period, reason="wrong", expected_digest=plan.digest)


def change(entry: LedgerEntry, **fields: Any) -> None:
    with pgtrigger.ignore("budgets.LedgerEntry:append_only"):
        LedgerEntry.objects.filter(pk=entry.pk).update(**fields)


def found(study: Study) -> str:
    return "\n".join(str(one) for one in entry_differences(study.budget))


def fee(study: Study) -> LedgerEntry:
    return study.budget.entries.filter(kind=CostKind.PLATFORM_FEE).latest("pk")


def test_fees_reversals_and_corrected_prices_are_no_difference(study: Study, admin: User) -> None:
    undo(actor=admin, entry=study.budget.entries.filter(kind=CostKind.LABEL).earliest("pk"), reason="disputed")
    correct_price(study, admin)
    assert verify(budgets=[Budget.objects.get(pk=study.budget_id)]) == []


def test_a_fee_of_another_percent_is_found(study: Study) -> None:
    entry = fee(study)
    change(entry, amount=Decimal("0.02"))
    assert found(study) == f"fee {entry.source_key}: stored 0.020000, rebuilt 0.012500"


def test_a_fee_on_another_amount_is_found(study: Study) -> None:
    change(fee(study), quantity=Decimal("0.1"))
    assert "fee annotation:" in found(study)


def test_a_fee_on_nothing_is_found(study: Study) -> None:
    entry = fee(study)
    change(entry, fee_on=None)
    assert found(study) == f"what {entry.source_key} is on top of: stored 0.012500, rebuilt missing"


def test_a_fee_that_stands_on_what_was_reversed_is_found(study: Study, admin: User) -> None:
    entry = fee(study)
    assert entry.fee_on
    undo(actor=admin, entry=entry.fee_on, reason="disputed")
    change(LedgerEntry.objects.get(reverses=entry), reverses=None, kind=CostKind.LABEL, amount=Decimal(0))
    assert f"fee {entry.source_key} on what was reversed" in found(study)


def test_a_replacement_of_another_amount_is_found(study: Study, admin: User) -> None:
    correct_price(study, admin)
    entry = study.budget.entries.filter(kind=CostKind.LABEL, replaces__isnull=False).earliest("pk")
    change(entry, amount=Decimal("0.2"))
    assert f"replacement {entry.source_key}: stored 0.200000, rebuilt 0.200007" in found(study)


def test_a_replacement_of_what_still_stands_is_found(study: Study, admin: User) -> None:
    correct_price(study, admin)
    entry = study.budget.entries.filter(kind=CostKind.LABEL, replaces__isnull=False).earliest("pk")
    change(LedgerEntry.objects.get(reverses=entry.replaces), reverses=None, amount=Decimal(0))
    assert f"reversal of what {entry.source_key} replaces" in found(study)


def test_a_hold_of_nothing_is_found(study: Study) -> None:
    price = Price.objects.get(book=study.budget.price_book, kind=CostKind.LABEL)
    place_hold(budget=study.budget, source_key="nobodys", amount=Decimal(1), price=price)
    assert found(study) == "hold nobodys: what it is for: stored 1.000000, rebuilt missing"
