from datetime import timedelta
from decimal import Decimal

import pytest

from accounts.models import Role
from budgets.cost_kinds import CostKind
from budgets.ledger import Cost, charge, reverse
from budgets.models import LedgerEntry, Origin
from budgets.prices import price_at
from reports.costs import BadCursor, CostFilter, Cursor, Grouping, entry_page, related, running_total
from reports.sources import sources_of
from studies.models import Study
from tests import factories
from tests.integration.reports import ground

pytestmark = pytest.mark.django_db


@pytest.fixture
def study() -> Study:
    """Entries of four months, four of each, all at other moments."""
    study = factories.study()
    price = price_at(book=study.budget.price_book, kind=CostKind.LABEL, at=ground.NOW)
    for number in range(16):
        cost = Cost(
            source_key=f"charge:{number}",
            quantity=Decimal(1),
            amount=price.rate,
            origin=Origin.PERSON,
            occurred_at=ground.NOW + timedelta(days=number % 4 * 31, minutes=number // 8),
        )
        charge(budget=study.budget, cost=cost, price=price)
    return study


def of(study: Study) -> CostFilter:
    return CostFilter().narrowed(Grouping.STUDY, study.budget_id)


def all_pages(wanted: CostFilter, *, size: int) -> list[LedgerEntry]:
    found: list[LedgerEntry] = []
    after = None
    while True:
        page = entry_page(wanted=wanted, after=after, size=size)
        found += page.entries
        if page.older is None:
            return found
        after = Cursor.parse(str(page.older))


@pytest.mark.parametrize("size", [1, 3, 4, 5, 16, 50])
def test_pages_hold_every_entry_once_from_the_latest_back(study: Study, size: int) -> None:
    expected = list(study.budget.entries.order_by("-occurred_at", "-pk"))
    assert all_pages(of(study), size=size) == expected
    assert all_pages(CostFilter(), size=size) == expected


def test_an_empty_filter_gives_an_empty_page(study: Study) -> None:
    page = entry_page(wanted=of(study).narrowed(Grouping.KIND, CostKind.REVIEW))
    assert (list(page.entries), page.older) == ([], None)


def test_the_running_total_of_a_page_is_what_it_and_all_older_ones_add_up_to(study: Study) -> None:
    assert running_total(wanted=of(study), after=None) == Decimal("1.6")
    first = entry_page(wanted=of(study), size=5)
    assert running_total(wanted=of(study), after=first.older) == Decimal("1.1")


@pytest.mark.parametrize("text", ["nonsense", "2026-01-01T00:00:00~1", "2026-01-01T00:00:00+00:00~x"])
def test_a_cursor_made_by_hand_is_a_clear_error(text: str) -> None:
    with pytest.raises(BadCursor, match="Begin at the first page"):
        Cursor.parse(text)


def test_behind_an_entry_and_its_reversal_lies_the_same_annotation() -> None:
    study = factories.study()
    (annotation,) = ground.buy_labels(study, 1)
    assert annotation.entry
    reversal = reverse(actor=factories.person(Role.ADMIN), entry=annotation.entry, reason="disputed")
    found = sources_of([annotation.entry, reversal])
    assert found[annotation.entry.subject_key].annotation == found[reversal.subject_key].annotation == annotation
    assert list(related(reversal)) == [annotation.entry, reversal]


def test_behind_a_device_hour_lies_its_attempt() -> None:
    study = factories.study()
    ground.buy_labels(study, 1)
    run = ground.annotated(study, num_labels=1, seconds=(30, 60)).run
    entries = list(study.budget.entries.filter(kind=CostKind.DEVICE_HOUR))
    found = sources_of(entries)
    assert {found[entry.subject_key].attempt for entry in entries} == set(run.attempts.all())


def test_behind_a_charge_by_hand_lies_nothing(study: Study) -> None:
    assert sources_of(list(study.budget.entries.all())) == {}
