from datetime import date
from decimal import Decimal

import pytest

from accounts.models import Role
from budgets.cost_kinds import CostKind
from budgets.ledger import reverse
from budgets.models import Origin, Path, Tally
from reports.costs import CostFilter, Grouping, cost_rows, names_of, total_of, totals
from reports.costs.costs import next_month
from studies.models import Study
from tests import factories
from tests.integration.reports import ground

pytestmark = pytest.mark.django_db


@pytest.fixture
def study() -> Study:
    study = factories.study()
    ground.buy_labels(study, 3)
    ground.annotated(study, num_labels=2)
    ground.distilled(study, teacher=ground.teacher(study, num_labels=2))
    study.budget.refresh_from_db()
    return study


def of(study: Study) -> CostFilter:
    return CostFilter().narrowed(Grouping.STUDY, study.budget_id)


@pytest.mark.parametrize("by", Grouping)
def test_every_grouping_adds_up_to_what_was_spent(study: Study, by: Grouping) -> None:
    rows = cost_rows(wanted=of(study), by=by)
    assert [total.amount for total in totals(rows)] == [study.budget.spent]
    assert all(names_of(by=by, keys=[row.key for row in rows]).values())


@pytest.mark.parametrize("by", Grouping)
def test_the_entries_of_a_row_add_up_to_it(study: Study, by: Grouping) -> None:
    for row in cost_rows(wanted=of(study), by=by):
        entries = of(study).narrowed(by, row.key).entries()
        assert sum(entry.amount for entry in entries) == row.amount
        assert len(entries) == row.num_entries


def test_kinds_and_paths_are_told_apart(study: Study) -> None:
    kinds = {row.key: row.amount for row in cost_rows(wanted=of(study), by=Grouping.KIND)}
    assert kinds == {CostKind.LABEL: Decimal("0.30"), CostKind.DEVICE_HOUR: Decimal("0.045")}
    paths = {row.key: row.amount for row in cost_rows(wanted=of(study), by=Grouping.PATH)}
    assert paths == {Path.ANNOTATE: Decimal("0.31"), Path.DISTIL: Decimal("0.035")}


def test_what_nobody_was_paid_for_has_a_row_of_its_own(study: Study) -> None:
    rows = cost_rows(wanted=of(study), by=Grouping.ANNOTATOR)
    names = names_of(by=Grouping.ANNOTATOR, keys=[row.key for row in rows])
    assert {names[row.key]: row.amount for row in rows} == {
        f"{study.created_by.name} ({study.created_by.email})": Decimal("0.30"),
        "Nobody: compute and fees": Decimal("0.045"),
    }


def test_a_reversal_counts_nothing_in_the_sum(study: Study) -> None:
    entry = study.budget.entries.filter(kind=CostKind.LABEL).earliest("pk")
    reverse(actor=factories.person(Role.ADMIN), entry=entry, reason="disputed")
    (row,) = cost_rows(wanted=of(study).narrowed(Grouping.KIND, CostKind.LABEL), by=Grouping.KIND)
    assert (row.amount, row.num_entries) == (Decimal("0.20"), 4)


def test_months_bound_what_is_counted(study: Study) -> None:
    before = CostFilter(last_month=date(2025, 12, 1))
    assert total_of(wanted=before) == []
    within = CostFilter(first_month=date(2026, 1, 1), last_month=date(2026, 1, 1))
    assert [total.amount for total in total_of(wanted=within)] == [study.budget.spent]


def test_currencies_are_never_mixed(study: Study) -> None:
    other = factories.study(prices=factories.price_book(currency="EUR"))
    ground.buy_labels(other, 1)
    rows = cost_rows(wanted=CostFilter().narrowed(Grouping.KIND, CostKind.LABEL), by=Grouping.ORIGIN)
    assert [(row.currency, row.amount) for row in rows] == [("EUR", Decimal("0.10")), ("USD", Decimal("0.30"))]
    assert {row.key for row in rows} == {Origin.PERSON}


def test_no_entry_is_read_for_a_sum(study: Study) -> None:
    Tally.objects.filter(kind=CostKind.LABEL).update(amount=Decimal(7))
    (row,) = cost_rows(wanted=of(study).narrowed(Grouping.KIND, CostKind.LABEL), by=Grouping.KIND)
    assert row.amount == 7


def test_the_month_after_the_last_one_is_not_asked_for() -> None:
    assert next_month(date(2026, 12, 1)) == date(2027, 1, 1)
    assert next_month(date(9999, 12, 1)) == date.max
