# mypy: ignore-errors
# Label Studio's packages, and this app's models, are known in its own virtual environment only.
"""Asks Fulcrum about people, by HTTP and sealed both ways."""

import http.client
import time
import urllib.request

from django.conf import settings

from labeling.server.standing import FulcrumSilent, Standings
from labeling.tickets import MAX_LENGTH, Question, SealBroken, read_answer, write_question

TIMEOUT_SECONDS = 3
# Fulcrum is next door: a proxy in the environment is for the rest of the world.
_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def ask(email: str, session: str, *, signs_out: bool = False) -> str:
    """Ask Fulcrum for a person's role; empty for none. Raises: FulcrumSilent."""
    question = Question(email=email, session=session, asked_at=int(time.time()), signs_out=signs_out)
    address = f"{settings.FULCRUM_URL}/labeling/access"
    body = write_question(key=settings.FULCRUM_TICKET_KEY, question=question).encode()
    request = urllib.request.Request(address, body, {"Content-Type": "text/plain"}, method="POST")
    try:
        with _opener.open(request, timeout=TIMEOUT_SECONDS) as response:
            text = response.read(MAX_LENGTH + 1).decode(errors="replace")
        return read_answer(key=settings.FULCRUM_TICKET_KEY, text=text, question=question).role
    except (OSError, http.client.HTTPException, SealBroken) as error:
        raise FulcrumSilent(f"Fulcrum at {settings.FULCRUM_URL} does not say who may be here ({error}).") from error


standings = Standings(ask=ask, seconds=settings.FULCRUM_ACCESS_SECONDS, grace=settings.FULCRUM_ACCESS_GRACE_SECONDS)
