from datetime import date, timedelta
from decimal import Decimal

import pgtrigger
import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import AuditRecord, Role
from budgets.cost_kinds import CostKind
from budgets.ledger import reverse as undo
from budgets.limits import set_limit, top_up
from budgets.models import Budget, LedgerEntry
from reports.costs import DayPeriod, statement_of
from reports.costs.statements import Statement
from studies.models import Study
from tests import factories
from tests.factories import place_hold
from tests.integration.reports import ground

pytestmark = pytest.mark.django_db
TODAY = timezone.now().date()
LAST_WEEK = TODAY - timedelta(days=7)


@pytest.fixture
def study() -> Study:
    study = factories.study(limit="10")
    ground.buy_labels(study, 3)
    ground.annotated(study, num_labels=2)
    top_up(actor=factories.person(), budget=study.budget, amount="5")
    set_limit(actor=factories.person(), budget=study.budget, limit="12")
    undo(actor=factories.person(Role.ADMIN), entry=label(study), reason="disputed")
    return study


def label(study: Study) -> LedgerEntry:
    """The entry of the first example by rank, which the student trained on."""
    return study.budget.entries.filter(annotation__isnull=False).earliest("annotation__example__rank")


def statement(study: Study, first: date = LAST_WEEK, last: date = TODAY) -> Statement:
    found = statement_of(study=study, days=DayPeriod(first=first, last=last))
    assert found.adds_up
    return found


def entered_last_month(entry: LedgerEntry) -> None:
    with pgtrigger.ignore("budgets.LedgerEntry:append_only"):
        LedgerEntry.objects.filter(pk=entry.pk).update(created_at=timezone.now() - timedelta(days=30))


def test_opening_and_what_is_listed_is_closing(study: Study) -> None:
    found = statement(study)
    assert (found.opening.limit, found.opening.spent) == (0, 0)
    assert [change.difference for change in found.limit_changes] == [10, 5, -3]
    assert (found.closing.limit, found.closing.spent) == (12, Decimal("0.21"))


def test_corrections_stand_beside_what_was_entered(study: Study) -> None:
    found = statement(study)
    assert [(line.kind, line.entered, line.corrections) for line in found.costs] == [
        (CostKind.DEVICE_HOUR, Decimal("0.01"), 0),
        (CostKind.LABEL, Decimal("0.30"), Decimal("-0.10")),
    ]
    assert [entry.reverses for entry in found.corrections] == [label(study)]


def test_what_was_entered_before_is_in_the_opening(study: Study) -> None:
    entered_last_month(label(study))
    found = statement(study)
    assert (found.opening.spent, found.cost) == (Decimal("0.10"), Decimal("0.11"))


def test_days_before_the_budget_hold_nothing(study: Study) -> None:
    found = statement(study, last=LAST_WEEK)
    assert (found.opening, found.costs) == (found.closing, ())
    assert found.closing.limit == 0


def test_a_limit_from_before_the_audit_trail_is_the_opening(study: Study) -> None:
    with pgtrigger.ignore("accounts.AuditRecord:append_only"):
        AuditRecord.objects.all().delete()
    assert [change.after for change in statement(study).limit_changes] == [12]


def test_open_holds_and_students_are_as_of_now(study: Study) -> None:
    place_hold(budget=study.budget, source_key="open", amount=Decimal(2), price=label(study).price)
    found = statement(study)
    assert (found.held, [hold.source_key for hold in found.holds]) == (2, ["open"])
    assert [bill.share for bill in found.bills] == [Decimal("0.11")]


def test_a_total_that_was_changed_does_not_add_up(study: Study) -> None:
    Budget.objects.filter(pk=study.budget_id).update(spent=Decimal(9))
    assert not statement_of(study=study, days=DayPeriod(first=LAST_WEEK, last=TODAY)).adds_up


def page(study: Study, **days: str) -> str:
    client = Client()
    client.force_login(factories.person())
    return client.get(reverse("statement", args=[study.pk]), days).content.decode()


def test_the_page_begins_with_the_budget_and_ends_today(study: Study) -> None:
    assert f"Statement, {TODAY} to {TODAY}" in page(study)
    assert "does not add up" not in page(study)


@pytest.mark.parametrize(
    ("days", "reason"),
    [
        ({"first": "soon"}, "Enter a valid date"),
        ({"first": "2026-02-02", "last": "2026-02-01"}, "This is before 2026-02-02"),
        ({"last": "9999-12-31"}, "No day comes after this one"),
    ],
)
def test_a_bad_day_says_what_is_wrong(study: Study, days: dict[str, str], reason: str) -> None:
    assert reason in page(study, **days)
