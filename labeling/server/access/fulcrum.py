"""Requests to Fulcrum about people, by HTTP, sealed with the common key."""

import http.client
import time
import urllib.request

from django.conf import settings

from labeling.server.rules import FulcrumUnreachable, RoleCache
from labeling.tickets import MAX_LENGTH, AccessQuestion, LeadTimeReport, Message, SealBroken, read_reply, seal

TIMEOUT_SECONDS = 3
# Fulcrum is reached directly, not by a proxy that the environment names.
_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def ask_role(email: str, session: str, *, signs_out: bool = False) -> str:
    """Ask Fulcrum for a person's role; empty for none. Raises: FulcrumUnreachable."""
    question = AccessQuestion(email=email, session=session, asked_at=int(time.time()), signs_out=signs_out)
    text = _post("access", question)
    try:
        return read_reply(key=settings.FULCRUM_TICKET_KEY, text=text, question=question).role
    except SealBroken as error:
        raise FulcrumUnreachable(f"Fulcrum at {settings.FULCRUM_URL} gave no answer of its own: {error}") from error


def report_cut(cut: LeadTimeReport) -> None:
    """Report to Fulcrum a lead time that was cut. Raises: FulcrumUnreachable."""
    _post("lead-time-cut", cut)


def _post(page: str, message: Message) -> str:
    body = seal(key=settings.FULCRUM_TICKET_KEY, message=message).encode()
    address = f"{settings.FULCRUM_URL}/labeling/{page}"
    request = urllib.request.Request(address, body, {"Content-Type": "text/plain"}, method="POST")
    try:
        with _opener.open(request, timeout=TIMEOUT_SECONDS) as response:
            return response.read(MAX_LENGTH + 1).decode(errors="replace")
    except (OSError, http.client.HTTPException) as error:
        raise FulcrumUnreachable(f"Fulcrum at {settings.FULCRUM_URL} does not answer ({error}).") from error


roles = RoleCache(ask=ask_role, seconds=settings.FULCRUM_ACCESS_SECONDS, grace=settings.FULCRUM_ACCESS_GRACE_SECONDS)
