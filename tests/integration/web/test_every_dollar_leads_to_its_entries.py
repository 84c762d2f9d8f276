import re
from collections.abc import Iterator
from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoDbBlocker

from reports.points import points
from studies.models import Study
from tests import factories
from tests.integration.reports import ground
from tests.running.lasting import rows_of_a_file

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def reported_study(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[int]:
    """A study with a student on each path, and one label that no student used."""
    with rows_of_a_file(django_db_blocker):
        study = factories.study(labels=("good", "bad"), limit="10")
        ground.buy_labels(study, 5)
        ground.annotated(study, num_labels=3)
        ground.distilled(study, teacher=ground.teacher(study, num_labels=4))
        yield study.pk


@pytest.fixture
def reported(reported_study: int, db: None) -> Study:
    return Study.objects.get(pk=reported_study)


def total(client: Client, url: str) -> Decimal:
    return Decimal(client.get(url).context["total"])


def test_the_ledger_of_a_bill_adds_up_to_the_point(manager: Client, reported: Study) -> None:
    ledger = reverse("ledger", args=[reported.pk])
    found = {point.artifact_id: total(manager, f"{ledger}?bill={point.artifact_id}") for point in points(reported)}
    assert found == {point.artifact_id: point.dollars for point in points(reported)}


def test_every_link_of_the_report_adds_up_to_its_figure(manager: Client, reported: Study) -> None:
    page = manager.get(reverse("report", args=[reported.pk])).content.decode()
    link = re.compile(r'href="([^"]*/ledger/\?[^"]+)">(?:<strong>)?<data value="([^"]+)"')
    found = [(url.replace("&amp;", "&"), Decimal(value)) for url, value in link.findall(page)]
    assert len(found) >= 8
    assert [total(manager, url) for url, _ in found] == [value for _, value in found]


def test_what_no_student_used_is_listed(manager: Client, reported: Study) -> None:
    assert total(manager, f"{reverse('ledger', args=[reported.pk])}?unused=labels") == Decimal("0.1")


def test_the_latest_running_total_is_all_that_was_spent(manager: Client, reported: Study) -> None:
    rows = manager.get(reverse("ledger", args=[reported.pk])).context["rows"]
    reported.budget.refresh_from_db()
    assert rows[0].running == reported.budget.spent
    assert rows[-1].running == rows[-1].entry.amount


def test_another_studys_bill_is_not_found_here(manager: Client, reported: Study) -> None:
    assert manager.get(f"{reverse('ledger', args=[reported.pk])}?bill=999999").status_code == 404


def test_a_reversed_entry_is_marked_and_counts_nothing(admin: Client, reported: Study) -> None:
    entry = reported.budget.entries.first()
    assert entry is not None
    admin.post(reverse("reverse-entry", args=[entry.pk]), {"reason": "wrong price"})
    page = admin.get(reverse("ledger", args=[reported.pk])).content.decode()
    assert page.count(">reversed<") == page.count(">reversal<") == 1


@pytest.mark.parametrize(("suffix", "kind"), [("svg", "image/svg+xml"), ("png", "image/png")])
def test_the_chart_can_be_saved(manager: Client, reported: Study, suffix: str, kind: str) -> None:
    answer = manager.get(reverse("report-chart", args=[reported.pk, suffix]), {"download": ""})
    assert answer["Content-Type"] == kind
    assert "attachment" in answer["Content-Disposition"]


def test_the_chart_has_a_dark_face(manager: Client, reported: Study) -> None:
    url = reverse("report-chart", args=[reported.pk, "svg"])
    assert manager.get(url, {"theme": "dark"}).content != manager.get(url, {"theme": "light"}).content


def test_there_is_no_chart_before_there_is_a_student(manager: Client, study: Study) -> None:
    assert manager.get(reverse("report-chart", args=[study.pk, "svg"])).status_code == 404


def test_the_csv_has_a_row_per_student(manager: Client, reported: Study) -> None:
    answer = manager.get(reverse("report-table", args=[reported.pk]))
    assert len(answer.content.decode().strip().splitlines()) == 3


def test_ledgers_grow_by_pages(manager: Client, study: Study) -> None:
    ground.buy_labels(study, 51)
    url = reverse("ledger", args=[study.pk])
    first = manager.get(url).context
    last = manager.get(url, {"after": str(first["older"])}).context
    assert [len(first["rows"]), len(last["rows"])] == [50, 1]
    assert last["older"] is None
    assert last["rows"][0].running == last["rows"][0].entry.amount


def test_a_bill_grows_by_pages_too(manager: Client, study: Study) -> None:
    ground.buy_labels(study, 51)
    url = reverse("ledger", args=[study.pk])
    first = manager.get(url, {"unused": "labels"}).context
    last = manager.get(url, {"unused": "labels", "after": str(first["older"])}).context
    assert [first["num_entries"], len(first["rows"]), len(last["rows"])] == [51, 50, 1]
