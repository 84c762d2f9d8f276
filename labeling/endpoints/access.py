"""Label Studio asks at each request what a person may do; Fulcrum replies."""

from typing import Any

from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.models import Session
from django.db.models import CharField, F, Func
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from accounts.models import User
from labeling.tickets import AccessQuestion, AccessReply


def reply_to(*, question: AccessQuestion) -> AccessReply:
    """Find a person's role; none without an active account, or after their session has ended."""
    person = User.objects.filter(email__iexact=question.email, is_active=True).first()
    if person is None:
        return AccessReply(role="")
    if question.session and question.signs_out:
        _sessions(question.session).delete()
    is_signed_in = not question.session or any(_is_of(session, person) for session in _sessions(question.session))
    return AccessReply(role=person.role if is_signed_in else "")


def _sessions(reference: str) -> Any:
    """Find the live session of a reference, without reading session keys into this process."""
    sha256 = "encode(sha256(convert_to(%(expressions)s, 'UTF8')), 'hex')"
    named = Func(F("session_key"), template=sha256, output_field=CharField())
    return Session.objects.annotate(reference=named).filter(reference=reference, expire_date__gt=timezone.now())


def _is_of(session: Session, person: User) -> bool:
    """Whether the session is this person's, with their current password."""
    data = session.get_decoded()
    is_theirs = data.get(SESSION_KEY) == str(person.pk) and BACKEND_SESSION_KEY in data
    return is_theirs and constant_time_compare(data.get(HASH_SESSION_KEY, ""), person.get_session_auth_hash())
