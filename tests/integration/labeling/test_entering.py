import httpx
import pytest
from pytest_django import Settings

from accounts.models import Role
from labeling.label_studio import LabelStudioClient, LabelStudioRefused
from labeling.sign_in import enter_url, ticket_url
from labeling.sync.project_sync import NothingPublished
from studies.models import Study
from tests import factories
from tests.integration.labeling.conftest import HOME, Enter, Member
from tests.services import LabelStudioServer

pytestmark = pytest.mark.django_db


def refused(url: str) -> str:
    answer = httpx.get(url, follow_redirects=True)
    assert answer.status_code == 403
    assert "press the button again" in answer.text
    return answer.text


def test_an_annotator_lands_on_the_next_example_as_themselves(study: Study, annotator: Member) -> None:
    url = enter_url(actor=annotator.person, study=study)
    answer = annotator.http.get(url, follow_redirects=False)
    assert answer.headers["location"] == f"/projects/{study.labeling_project.label_studio_id}/data?labeling=1"
    assert annotator.http.get(HOME).json()["email"] == annotator.person.email


def test_a_ticket_works_once(label_studio: LabelStudioServer) -> None:
    url = ticket_url(person=factories.person(Role.ANNOTATOR), page=HOME)
    assert httpx.get(url, follow_redirects=True).status_code == 200
    assert "used already" in refused(url)


def test_an_expired_ticket_is_refused(label_studio: LabelStudioServer, settings: Settings) -> None:
    settings.TICKET_SECONDS = -1
    assert "has expired" in refused(ticket_url(person=factories.person(), page=HOME))


def test_a_forged_ticket_is_refused(label_studio: LabelStudioServer, settings: Settings) -> None:
    settings.TICKET_KEY = "another key, made up by somebody"
    assert "not made by Fulcrum" in refused(ticket_url(person=factories.person(), page=HOME))


def test_a_ticket_leads_to_no_other_site(label_studio: LabelStudioServer, settings: Settings) -> None:
    answer = httpx.get(ticket_url(person=factories.person(Role.ANNOTATOR), page="//evil.example/"))
    assert "evil" not in answer.headers["location"]


def test_nobody_becomes_label_studios_administrator_by_an_annotators_ticket(
    label_studio: LabelStudioServer, client_of: LabelStudioClient
) -> None:
    administrator = client_of.sdk.users.whoami().email
    person = factories.person(Role.ANNOTATOR, email=administrator)
    assert "own administrator" in refused(ticket_url(person=person, page=HOME))


def test_a_manager_who_becomes_an_annotator_is_one_at_the_next_entry(enter: Enter) -> None:
    person = factories.person(Role.MANAGER)
    assert enter(person).http.get("/api/projects/").status_code == 200
    person.role = Role.ANNOTATOR
    person.save()
    assert enter(person).http.get("/api/projects/").status_code == 403


def test_a_study_with_nothing_published_cannot_be_entered(label_studio: LabelStudioServer) -> None:
    study = factories.study()
    with pytest.raises(NothingPublished, match="nothing published"):
        enter_url(actor=study.created_by, study=study)


def test_without_a_ticket_key_the_way_in_says_what_to_set(study: Study, settings: Settings) -> None:
    settings.TICKET_KEY = ""
    with pytest.raises(LabelStudioRefused, match="FULCRUM_TICKET_KEY"):
        enter_url(actor=study.created_by, study=study)
