"""What Fulcrum and Label Studio say to each other about people, sealed with the key that both know.

A ticket carries a signed-in person into Label Studio, once. A question asks Fulcrum what a person may do there now. A
cut tells Fulcrum that somebody's browser claimed more time than went by.
Both sides import this module, and they share no Django version: only the standard library here.
"""

import base64
import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

MAX_LENGTH = 4096
# How far the two clocks may differ, and how long a question can be repeated.
QUESTION_SECONDS = 60

_TICKET, _QUESTION, _ANSWER, _CUT = "ticket", "question", "answer", "cut"


class TicketRefused(Exception):
    """The ticket cannot be accepted; the message says so to the person who brought it."""


class SealBroken(Exception):
    """This text was not sealed with our key for this purpose, was cut off, or comes from another version."""


@dataclass(frozen=True, kw_only=True)
class Ticket:
    """Who may enter, as what, until when (seconds since 1970), and where to go then (a path of Label Studio).

    `session` refers to the Fulcrum session that the entry hangs on; without one, it ends with the account only.
    `is_replay` marks an account that replays known labels, whose lead times are the known ones.
    """

    email: str
    name: str
    role: str
    expires_at: int
    next: str
    session: str = ""
    is_replay: bool = False
    nonce: str = field(default_factory=lambda: secrets.token_urlsafe(16))


@dataclass(frozen=True, kw_only=True)
class Question:
    """May this person still be here, and as what? With `signs_out`, their Fulcrum session is ended first."""

    email: str
    session: str
    asked_at: int
    signs_out: bool = False
    nonce: str = field(default_factory=lambda: secrets.token_urlsafe(16))


@dataclass(frozen=True, kw_only=True)
class Answer:
    """A person's role; empty where they have no active account, or the session of their entry has ended."""

    role: str


@dataclass(frozen=True, kw_only=True)
class Cut:
    """An annotation told more seconds than went by; ids are Label Studio's."""

    project: int
    annotation: int
    email: str
    told: float
    kept: float


def session_reference(session_key: str | None) -> str:
    """Name a session without giving away its key; empty for none."""
    return hashlib.sha256(session_key.encode()).hexdigest() if session_key else ""


def write(*, key: str, ticket: Ticket) -> str:
    """Seal a ticket into text that fits a URL."""
    return _seal(key=key, purpose=_TICKET, fields=asdict(ticket))


def read(*, key: str, text: str, now: float) -> Ticket:
    """Check a ticket's seal and time; whether it was used before is the caller's to know.

    Raises: TicketRefused.
    """
    if not _is_ours(key=key, purpose=_TICKET, text=text):
        raise TicketRefused("This link was not made by Fulcrum, or was cut off.")
    try:
        ticket = Ticket(**_open(key=key, purpose=_TICKET, text=text))
    except (SealBroken, TypeError):
        raise TicketRefused("This link was made by another version of Fulcrum.") from None
    if now >= ticket.expires_at:
        raise TicketRefused("This link has expired: it is good for a moment only.")
    return ticket


def write_question(*, key: str, question: Question) -> str:
    """Seal a question."""
    return _seal(key=key, purpose=_QUESTION, fields=asdict(question))


def read_question(*, key: str, text: str, now: float) -> Question:
    """Check a question's seal and time. Raises: SealBroken."""
    try:
        question = Question(**_open(key=key, purpose=_QUESTION, text=text))
    except TypeError:
        raise SealBroken("The question was made by another version of Fulcrum.") from None
    if abs(now - question.asked_at) > QUESTION_SECONDS:
        raise SealBroken(
            f"The question was asked at {question.asked_at}, and it is {now:.0f} here: set both machines' clocks."
        )
    return question


def write_answer(*, key: str, answer: Answer, question: Question) -> str:
    """Seal an answer to one question."""
    return _seal(key=key, purpose=_ANSWER, fields={**asdict(answer), "nonce": question.nonce})


def read_answer(*, key: str, text: str, question: Question) -> Answer:
    """Check that an answer is Fulcrum's, and to this question. Raises: SealBroken."""
    fields = _open(key=key, purpose=_ANSWER, text=text)
    if fields.pop("nonce", None) != question.nonce:
        raise SealBroken("The answer is to another question.")
    try:
        return Answer(**fields)
    except TypeError:
        raise SealBroken("The answer was made by another version of Fulcrum.") from None


def write_cut(*, key: str, cut: Cut) -> str:
    """Seal a cut."""
    return _seal(key=key, purpose=_CUT, fields=asdict(cut))


def read_cut(*, key: str, text: str) -> Cut:
    """Check a cut's seal. It may come more than once. Raises: SealBroken."""
    try:
        return Cut(**_open(key=key, purpose=_CUT, text=text))
    except TypeError:
        raise SealBroken("The cut was made by another version of Fulcrum.") from None


def _seal(*, key: str, purpose: str, fields: Mapping[str, Any]) -> str:
    body = _encode(json.dumps(fields, separators=(",", ":")).encode())
    return f"{body}.{_sign(key, purpose, body)}"


def _open(*, key: str, purpose: str, text: str) -> dict[str, Any]:
    if not _is_ours(key=key, purpose=purpose, text=text):
        raise SealBroken("The text was not sealed with our key: is FULCRUM_TICKET_KEY the same on both sides?")
    try:
        fields = json.loads(_decode(text.partition(".")[0]))
    except ValueError:
        raise SealBroken("The sealed text cannot be read.") from None
    if not isinstance(fields, dict):
        raise SealBroken("The sealed text holds no fields.")
    return fields


def _is_ours(*, key: str, purpose: str, text: str) -> bool:
    body, _, signature = text.partition(".")
    is_whole = bool(key) and len(text) <= MAX_LENGTH
    return is_whole and hmac.compare_digest(signature.encode(), _sign(key, purpose, body).encode())


def _sign(key: str, purpose: str, body: str) -> str:
    return _encode(hmac.new(key.encode(), f"fulcrum-{purpose}:{body}".encode(), hashlib.sha256).digest())


def _encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
