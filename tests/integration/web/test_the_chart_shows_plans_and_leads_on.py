import csv
from io import StringIO

import pytest
from django.test import Client
from django.urls import reverse

from reports.advice import OfferRecord, situation_of
from reports.models import Recommendation
from runs.models import Artifact
from studies.models import Study
from tests import factories
from tests.integration.reports import ground
from tests.unit.reports.planned import offer

pytestmark = pytest.mark.django_db


@pytest.fixture
def study() -> Study:
    study = factories.study()
    ground.buy_labels(study, 3)
    return study


@pytest.fixture
def student(study: Study) -> Artifact:
    return ground.annotated(study, num_labels=2)


def recommend(study: Study, *offers: OfferRecord) -> None:
    """Keep a recommendation of the present state: the first offer."""
    cell = {"labels": offers[0].labels, "pseudo_labels": offers[0].pseudo_labels}
    state, kept = situation_of(study).key, [one.as_json for one in offers]
    Recommendation.objects.create(study=study, state=state, words="Buy.", offers=kept, **cell)


def chart(client: Client, study: Study, suffix: str = "svg", **query: str) -> str:
    return client.get(reverse("report-chart", args=[study.pk, suffix]), query).content.decode()


def test_another_recommendation_is_another_drawing(manager: Client, study: Study, student: Artifact) -> None:
    url = reverse("report-chart", args=[study.pk, "svg"])
    before = manager.get(url)
    recommend(study, offer(labels=3))
    after = manager.get(url, headers={"If-None-Match": before["ETag"]})
    assert after.status_code == 200 and after["ETag"] != before["ETag"]
    assert "Recommended: 3" in after.content.decode()


def test_marks_of_the_page_lead_to_students_and_to_the_offers(manager: Client, study: Study, student: Artifact) -> None:
    recommend(study, offer(labels=3))
    page = manager.get(reverse("linked-chart", args=[study.pk])).content.decode()
    at = "http://testserver"
    assert page.count(f'href="{at}{reverse("artifact", args=[student.pk])}"') == 2
    assert page.count(f'href="{at}{reverse("report", args=[study.pk])}#next-tranche"') == 2
    assert page.count(f"<title>{student}: Annotate, ") == page.count("<title>Planned, annotate, ") == 2
    assert page.count("<svg") == 2 and "in-light" in page and "in-dark" in page
    # What the pages' content security policy would refuse.
    assert "style=" not in page and "<script" not in page and "<style" not in page


def test_a_name_is_text_in_the_page(manager: Client, study: Study, student: Artifact) -> None:
    Study.objects.filter(pk=study.pk).update(name="<script>alert(1)</script>")
    page = manager.get(reverse("linked-chart", args=[study.pk])).content.decode()
    assert "&lt;script&gt;" in page and "<script" not in page


def test_a_saved_drawing_leads_nowhere(manager: Client, study: Study, student: Artifact) -> None:
    recommend(study, offer(labels=3))
    assert "testserver" in chart(manager, study)
    saved = chart(manager, study, download="")
    assert "testserver" not in saved and "Recommended: 3" in saved


def test_there_is_no_linked_chart_before_there_is_a_student(manager: Client, study: Study) -> None:
    assert manager.get(reverse("linked-chart", args=[study.pk])).status_code == 404


def test_the_offers_can_be_saved_as_a_table(manager: Client, study: Study, student: Artifact) -> None:
    recommend(study, offer(labels=3), offer(labels=2, pseudo_labels=50, can_tell=False))
    url = reverse("planned-table", args=[study.pk])
    assert url in manager.get(reverse("report", args=[study.pk])).content.decode()
    first, second = csv.DictReader(StringIO(manager.get(url).content.decode()))
    assert (first["path"], first["labels"], first["recommended"], first["up_to_date"]) == (
        "annotate",
        "3",
        "yes",
        "yes",
    )
    assert [float(first[name]) for name in ("price", "expected_utility", "low_80", "high_90")] == [1, 0.8, 0.76, 0.86]
    assert (second["path"], second["expected_utility"], second["recommended"]) == ("distil", "", "no")


def test_files_have_what_the_address_shows(manager: Client, study: Study, student: Artifact) -> None:
    recommend(study, offer(labels=3))
    table = reverse("report-table", args=[study.pk])
    assert len(list(csv.DictReader(StringIO(manager.get(table).content.decode())))) == 1
    assert list(csv.DictReader(StringIO(manager.get(table, {"hide": "annotate"}).content.decode()))) == []
    assert list(csv.DictReader(StringIO(manager.get(table, {"from": "100"}).content.decode()))) == []
    assert "Recommended: 3" not in chart(manager, study, hide="planned")
    assert manager.get(reverse("report-chart", args=[study.pk, "png"]), {"hide": "annotate"}).status_code == 404


@pytest.mark.parametrize("query", [{"hide": "everything"}, {"from": "-1"}, {"to": "nan"}, {"from": "9", "to": "3"}])
def test_a_view_that_cannot_be_read_is_refused_and_said_on_the_page(
    manager: Client, study: Study, student: Artifact, query: dict[str, str]
) -> None:
    for name, arguments in (("report-table", [study.pk]), ("report-chart", [study.pk, "svg"])):
        assert manager.get(reverse(name, args=arguments), query).status_code == 400
    page = manager.get(reverse("report", args=[study.pk]), query)
    assert page.status_code == 200 and "errorlist" in page.content.decode()


def test_a_part_without_students_says_the_way_out(manager: Client, study: Study, student: Artifact) -> None:
    for name in ("report", "linked-chart", "print-report"):
        page = manager.get(reverse(name, args=[study.pk]), {"from": "100"}).content.decode()
        assert "Show more series, or a wider range of dollars." in page and "<picture>" not in page


def test_a_swapped_part_gives_the_page_its_address(manager: Client, study: Study, student: Artifact) -> None:
    url, query = reverse("linked-chart", args=[study.pk]), {"hide": "baselines", "from": "0.1"}
    swapped = manager.get(url, query, headers={"HX-Target": "utility-chart"})
    assert swapped["HX-Replace-Url"] == f"{reverse('report', args=[study.pk])}?hide=baselines&from=0.1"
    assert "HX-Replace-Url" not in manager.get(url, query)
