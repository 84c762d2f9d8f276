"""Whoever loses a role, their account or their session in Fulcrum loses it in Label Studio with the next request."""

from collections.abc import Iterator
from contextlib import ExitStack

import httpx
import pytest
from django.test import Client

from accounts.models import Role, User
from labeling.sign_in import ticket_url
from studies.models import Study
from tests import factories
from tests.integration.labeling.conftest import HOME, Enter, Member, project_id
from tests.services import LabelStudioServer

pytestmark = pytest.mark.django_db
GONE = (401, "You are signed out: sign in to Fulcrum, and enter Label Studio from there.")


def said(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["detail"]


@pytest.fixture
def signed_in(label_studio: LabelStudioServer) -> Iterator[tuple[Client, httpx.Client]]:
    """A manager signed in to both: a browser in Fulcrum, and the same one in Label Studio."""
    with ExitStack() as stack:
        fulcrum, there = Client(), stack.enter_context(httpx.Client(base_url=label_studio.url))
        person = factories.person(Role.MANAGER)
        fulcrum.force_login(person)
        url = ticket_url(person=person, page=HOME, session_key=fulcrum.session.session_key)
        assert there.get(url, follow_redirects=True).json()["email"] == person.email
        yield fulcrum, there


def test_a_demoted_manager_is_an_annotator_at_once(study: Study, enter: Enter) -> None:
    manager = enter(factories.person(Role.MANAGER))
    export = f"/api/projects/{project_id(study)}/export?exportType=JSON"
    assert manager.http.get(export).status_code == 200
    User.objects.filter(pk=manager.person.pk).update(role=Role.ANNOTATOR)
    assert manager.http.get(export).status_code == 403
    assert manager.http.get(HOME).status_code == 200


def test_a_promoted_annotator_is_a_manager_at_once(study: Study, annotator: Member) -> None:
    User.objects.filter(pk=annotator.person.pk).update(role=Role.MANAGER)
    assert annotator.http.get("/api/projects/").status_code == 200


def test_whoever_is_switched_off_is_out_and_stays_so_with_the_old_cookie(enter: Enter) -> None:
    manager = enter(factories.person(Role.MANAGER))
    kept = dict(manager.http.cookies)
    User.objects.filter(pk=manager.person.pk).update(is_active=False)
    assert said(manager.http.get("/api/projects/")) == GONE
    User.objects.filter(pk=manager.person.pk).update(is_active=True)
    assert httpx.get(f"{manager.server.url}/api/projects/", cookies=kept).status_code == 401


def test_signing_out_of_fulcrum_ends_label_studios_session(signed_in: tuple[Client, httpx.Client]) -> None:
    fulcrum, there = signed_in
    fulcrum.post("/sign-out/")
    assert said(there.get(HOME)) == GONE


def test_signing_out_of_label_studio_ends_fulcrums_session(signed_in: tuple[Client, httpx.Client]) -> None:
    fulcrum, there = signed_in
    assert fulcrum.get("/").status_code == 200
    assert there.get("/logout").status_code == 302
    assert there.get(HOME).status_code == 401
    assert fulcrum.get("/").status_code == 302


def test_a_new_password_ends_what_the_old_one_opened(signed_in: tuple[Client, httpx.Client]) -> None:
    fulcrum, there = signed_in
    person = User.objects.get(pk=fulcrum.session["_auth_user_id"])
    person.set_password("another horse battery staple")
    person.save()
    assert said(there.get(HOME)) == GONE


def test_a_copied_cookie_is_worth_nothing_after_the_sign_out(enter: Enter) -> None:
    manager = enter(factories.person(Role.MANAGER))
    kept = dict(manager.http.cookies)
    manager.http.get("/logout", follow_redirects=False)
    assert httpx.get(f"{manager.server.url}{HOME}", cookies=kept).status_code == 401


def test_the_second_person_in_one_browser_is_signed_in_as_themselves(enter: Enter) -> None:
    first, second = enter(factories.person(Role.ANNOTATOR)), factories.person(Role.ANNOTATOR)
    before = dict(first.http.cookies)
    first.http.get(ticket_url(person=second, page=HOME))
    assert first.http.get(HOME).json()["email"] == second.email
    assert before["ls_session"] != first.http.cookies["ls_session"]
    assert httpx.get(f"{first.server.url}{HOME}", cookies=before).status_code == 401


def test_a_session_that_no_ticket_opened_is_refused(label_studio: LabelStudioServer) -> None:
    with httpx.Client(base_url=label_studio.url) as browser:
        browser.get("/user/login/")
        form = {
            "email": "somebody@example.com",
            "password": "guessed",
            "csrfmiddlewaretoken": browser.cookies["ls_csrf"],
        }
        assert browser.post("/user/login/", data=form).status_code == 403


def test_a_person_whom_fulcrum_does_not_know_cannot_stay(enter: Enter) -> None:
    member = enter(factories.person(Role.ANNOTATOR))
    User.objects.filter(pk=member.person.pk).update(email="renamed@example.com")
    assert said(member.http.get(HOME)) == GONE
