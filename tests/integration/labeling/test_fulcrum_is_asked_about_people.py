"""The page where Label Studio asks who may be there."""

import time

import pytest
from django.conf import settings
from django.test import Client

from accounts.models import Role, User
from labeling.tickets import AccessQuestion, AccessReply, read_reply, seal, session_reference
from tests import factories

pytestmark = pytest.mark.django_db


def ask(person: User, *, session: str = "", signs_out: bool = False) -> AccessReply:
    question = AccessQuestion(email=person.email, session=session, asked_at=int(time.time()), signs_out=signs_out)
    text = seal(key=settings.TICKET_KEY, message=question)
    answer = Client().post("/labeling/access", text, content_type="text/plain")
    assert answer.status_code == 200
    return read_reply(key=settings.TICKET_KEY, text=answer.content.decode(), question=question)


@pytest.mark.parametrize("role", Role)
def test_it_tells_the_role_of_an_active_person(role: Role) -> None:
    assert ask(factories.person(role)).role == role


def test_it_tells_none_for_whoever_is_switched_off() -> None:
    assert ask(factories.person(is_active=False)).role == ""


def test_a_session_counts_while_its_person_is_signed_in_by_it() -> None:
    browser, person = Client(), factories.person()
    browser.force_login(person)
    session = session_reference(browser.session.session_key)
    assert ask(person, session=session).role == person.role
    assert ask(factories.person(), session=session).role == ""
    assert ask(person, session=session_reference("made up")).role == ""


def test_it_ends_a_session_when_asked_to() -> None:
    browser, person = Client(), factories.person()
    browser.force_login(person)
    session = session_reference(browser.session.session_key)
    assert ask(person, session=session, signs_out=True).role == ""
    assert browser.get("/").status_code == 302


@pytest.mark.parametrize("text", ["", "rubbish", "x" * 5000, "ü.ü"])
def test_a_question_without_our_seal_is_refused(text: str) -> None:
    assert Client().post("/labeling/access", text, content_type="text/plain").status_code == 403
    assert Client().get("/labeling/access").status_code == 405
