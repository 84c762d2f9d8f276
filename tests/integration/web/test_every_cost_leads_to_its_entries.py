import re
from collections.abc import Iterator
from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoDbBlocker

from accounts.models import Role
from budgets.cost_kinds import CostKind
from budgets.ledger import reverse as undo
from budgets.models import LedgerEntry
from reports.costs import Grouping
from studies.models import Study
from tests import factories
from tests.integration.reports import ground
from tests.running.lasting import rows_of_a_file

pytestmark = pytest.mark.django_db
FIGURE = re.compile(r'href="([^"]*/(?:ledger|entries)/\?[^"]*)">(?:<strong>)?<data value="([^"]+)"')


@pytest.fixture(scope="module")
def spent_study(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[int]:
    with rows_of_a_file(django_db_blocker):
        study = factories.study(labels=("good", "bad"), limit="10")
        ground.buy_labels(study, 3)
        ground.annotated(study, num_labels=2)
        ground.distilled(study, teacher=ground.teacher(study, num_labels=2))
        yield study.pk


@pytest.fixture
def spent(spent_study: int, db: None) -> Study:
    return Study.objects.get(pk=spent_study)


def figures(client: Client, url: str) -> list[tuple[str, Decimal]]:
    page = client.get(url).content.decode()
    return [(link.replace("&amp;", "&"), Decimal(value)) for link, value in FIGURE.findall(page)]


def total(client: Client, url: str) -> Decimal:
    context = client.get(url).context
    return Decimal(context["total"] if "total" in context else context["totals"][0].amount)


@pytest.mark.parametrize("by", Grouping)
def test_every_figure_adds_up_to_its_entries(manager: Client, spent: Study, by: Grouping) -> None:
    check_figures(manager, f"{reverse('costs')}?by={by}")


@pytest.mark.parametrize("by", [by for by in Grouping if by != Grouping.STUDY])
def test_every_figure_of_one_study_adds_up_too(manager: Client, spent: Study, by: Grouping) -> None:
    check_figures(manager, f"{reverse('study-costs', args=[spent.pk])}?by={by}")


def check_figures(manager: Client, url: str) -> None:
    found = figures(manager, url)
    assert len(found) >= 2
    assert [total(manager, link) for link, _ in found] == [value for _, value in found]
    assert all(len(manager.get(link).context["rows"]) > 0 for link, _ in found)


def test_a_row_leads_to_the_report_of_itself(manager: Client, spent: Study) -> None:
    page = manager.get(reverse("costs"), {"by": "kind"})
    narrowed = [shown.narrowed_query for shown in page.context["page"]]
    assert narrowed == ["by=month&kind=label", "by=month&kind=device_hour"]


def test_an_entry_shows_the_example_behind_it(manager: Client, spent: Study) -> None:
    entry = LedgerEntry.objects.filter(kind=CostKind.LABEL).earliest("pk")
    page = manager.get(reverse("entry", args=[entry.pk])).content.decode()
    assert str(entry.annotation.example) in page
    assert str(entry.payee) in page


def test_an_entry_shows_the_attempt_behind_it(manager: Client, spent: Study) -> None:
    entry = LedgerEntry.objects.filter(kind=CostKind.DEVICE_HOUR).earliest("pk")
    page = manager.get(reverse("entry", args=[entry.pk])).content.decode()
    assert reverse("run", args=[entry.attempt.run_id]) in page


def test_an_entry_and_its_reversal_lead_to_each_other(manager: Client, spent: Study) -> None:
    entry = LedgerEntry.objects.filter(kind=CostKind.LABEL).earliest("pk")
    reversal = undo(actor=factories.person(Role.ADMIN), entry=entry, reason="disputed")
    for one, other in ((entry, reversal), (reversal, entry)):
        page = manager.get(reverse("entry", args=[one.pk])).content.decode()
        assert reverse("entry", args=[other.pk]) in page


def test_an_entry_of_a_budget_without_a_study_has_a_page(manager: Client) -> None:
    study = factories.study()
    (label,) = ground.buy_labels(study, 1)
    assert label.entry
    budget = factories.budget()
    LedgerEntry.objects.create(
        budget=budget,
        source_key="by-hand",
        subject_key="by-hand",
        kind=CostKind.REVIEW,
        origin="person",
        price=label.entry.price,
        quantity=Decimal(1),
        amount=Decimal(1),
        occurred_at=ground.NOW,
    )
    entry = LedgerEntry.objects.get(source_key="by-hand")
    assert "No annotation and no attempt" in manager.get(reverse("entry", args=[entry.pk])).content.decode()


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ("first_month=May", "is not a month"),
        ("first_month=2026-05&last_month=2026-04", "This is before 2026-05"),
        ("kind=gold", "Select a valid choice"),
        ("price=x", "Enter a whole number"),
        ("annotator=4711", "Select a valid choice"),
    ],
)
def test_a_bad_filter_says_what_is_wrong(manager: Client, spent: Study, query: str, reason: str) -> None:
    for name in ("costs", "cost-entries"):
        assert reason in manager.get(f"{reverse(name)}?{query}").content.decode()
    assert manager.get(f"{reverse('cost-table')}?{query}").status_code == 400
    assert manager.get(f"{reverse('cost-file', args=['csv'])}?{query}").status_code == 400


def test_a_place_that_was_made_up_is_the_first_page(manager: Client, spent: Study) -> None:
    page = manager.get(reverse("cost-entries"), {"after": "nonsense"})
    assert "names no entry" in page.content.decode()
    assert len(page.context["rows"]) == 7


@pytest.mark.parametrize("name", ["csv", "xlsx", "parquet", "focus"])
def test_files_hold_what_the_filters_leave(manager: Client, spent: Study, name: str) -> None:
    answer = manager.get(reverse("cost-file", args=[name]), {"study": str(spent.budget_id), "kind": "label"})
    content = answer.getvalue()
    assert len(content) > 100
    assert "attachment" in answer["Content-Disposition"]
    if name in ("csv", "focus"):
        assert len(content.decode().splitlines()) == 4


def test_an_unknown_format_is_not_found(manager: Client) -> None:
    assert manager.get(reverse("cost-file", args=["pdf"])).status_code == 404


def test_currencies_stand_apart_on_the_page(manager: Client, spent: Study) -> None:
    ground.buy_labels(factories.study(prices=factories.price_book(currency="EUR")), 1)
    page = manager.get(reverse("costs")).content.decode()
    assert "All in EUR" in page
    assert "All in USD" in page
