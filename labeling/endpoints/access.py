"""Fulcrum's answer when Label Studio asks, at each request there, what a person may do now."""

from typing import Any

from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.models import Session
from django.db.models import CharField, F, Func
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from accounts.models import User
from labeling.tickets import Answer, Question


def answer(*, question: Question) -> Answer:
    """Say a person's role, or none: no active account, or the session that they entered by is over."""
    person = User.objects.filter(email__iexact=question.email, is_active=True).first()
    if person is None:
        return Answer(role="")
    if question.session and question.signs_out:
        _sessions(question.session).delete()
    is_signed_in = not question.session or any(_is_of(session, person) for session in _sessions(question.session))
    return Answer(role=person.role if is_signed_in else "")


def _sessions(reference: str) -> Any:
    """Find the live session of a reference, without reading any key into this process."""
    sha256 = "encode(sha256(convert_to(%(expressions)s, 'UTF8')), 'hex')"
    named = Func(F("session_key"), template=sha256, output_field=CharField())
    return Session.objects.annotate(reference=named).filter(reference=reference, expire_date__gt=timezone.now())


def _is_of(session: Session, person: User) -> bool:
    """Whether somebody is signed in as this person, with the password that they have now."""
    data = session.get_decoded()
    is_theirs = data.get(SESSION_KEY) == str(person.pk) and BACKEND_SESSION_KEY in data
    return is_theirs and constant_time_compare(data.get(HASH_SESSION_KEY, ""), person.get_session_auth_hash())
