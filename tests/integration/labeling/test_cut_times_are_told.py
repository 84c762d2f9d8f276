"""Whoever tells more time than went by is paid for what went by, and it shows."""

from collections.abc import Iterator

import pytest
from django.conf import settings
from django.test import Client

from accounts.models import AuditRecord, Role
from embedded import services
from labeling.endpoints import num_cut
from labeling.tickets import LeadTimeReport, seal
from studies.models import Study
from tests import factories
from tests.integration.labeling.conftest import Member, project_id, published_ids
from tests.services import PATHS
from tests.serving import ABOUT_PEOPLE, ALL_FOR_LABEL_STUDIO, pages_served

pytestmark = pytest.mark.django_db
PORT = services.remembered_port(paths=PATHS, service="web")


@pytest.fixture
def fulcrum_answers() -> Iterator[None]:
    """Each test says for itself when Fulcrum hears of cuts."""
    yield


def records() -> list[tuple[str, str]]:
    rows = AuditRecord.objects.filter(action="annotation.cut_time").order_by("id")
    return [(row.before["seconds"], row.after["seconds"]) for row in rows]


def answer_in_no_time(member: Member, example: int, told: float) -> str:
    made = member.http.post(f"/api/tasks/{example}/annotations", json={"result": [], "lead_time": told})
    assert made.status_code == 201
    return f"{made.json()['lead_time']}"


@pytest.fixture
def person(study: Study, request: pytest.FixtureRequest) -> Iterator[Member]:
    with pages_served(port=PORT, paths=ALL_FOR_LABEL_STUDIO):
        yield request.getfixturevalue("enter")(factories.person(Role.ANNOTATOR))


@pytest.fixture
def unheard(study: Study, request: pytest.FixtureRequest) -> Member:
    with pages_served(port=PORT, paths=ABOUT_PEOPLE):
        member: Member = request.getfixturevalue("enter")(factories.person(Role.ANNOTATOR))
        return member


def test_it_stands_in_the_audit_trail_and_on_the_labelling_page(study: Study, person: Member) -> None:
    kept = answer_in_no_time(person, published_ids(study)[0], 295.5)
    assert records() == [("295.5", kept)]
    admin = Client()
    admin.force_login(factories.person(Role.ADMIN))
    page = admin.get(f"/studies/{study.pk}/labelling/").content.decode()
    assert "1 annotation reported more time than had passed" in page
    assert person.person.email in admin.get("/audit/").content.decode()


def test_an_honest_answer_is_not_told_of(study: Study, person: Member) -> None:
    person.annotate(published_ids(study)[0], lead_time=12)
    assert records() == []
    assert num_cut(study=study) == 0


def test_what_fulcrum_did_not_hear_it_hears_with_the_next(study: Study, unheard: Member) -> None:
    first, second, _ = published_ids(study)
    with pages_served(port=PORT, paths=ABOUT_PEOPLE):
        answer_in_no_time(unheard, first, 100)
    assert records() == []
    with pages_served(port=PORT, paths=ALL_FOR_LABEL_STUDIO):
        answer_in_no_time(unheard, second, 200)
    assert [told for told, _ in records()] == ["100", "200"]


def test_it_is_written_down_once_however_often_it_is_told(study: Study) -> None:
    cut = LeadTimeReport(project=project_id(study), annotation=1, email="ann@example.com", reported=99.5, kept=1.0)
    for _ in range(2):
        text = seal(key=settings.TICKET_KEY, message=cut)
        assert Client().post("/labeling/lead-time-cut", text, content_type="text/plain").status_code == 204
    assert records() == [("99.5", "1")]


def test_nobody_else_can_tell_of_one(study: Study) -> None:
    cut = LeadTimeReport(project=project_id(study), annotation=1, email="", reported=9.0, kept=1.0)
    text = seal(key="another key", message=cut)
    assert Client().post("/labeling/lead-time-cut", text, content_type="text/plain").status_code == 403
    assert records() == []
