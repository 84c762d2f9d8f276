"""Messages about people between Fulcrum and Label Studio, sealed with their shared key.

A ticket signs a person in to Label Studio, once. An access question asks Fulcrum what a person may do there now. A lead
time report says that a browser claimed more time than passed.
Both sides import this module, with different versions of Django: only the standard library here.
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

_TICKET, _QUESTION, _REPLY, _REPORT = "ticket", "question", "answer", "cut"


class TicketRefused(Exception):
    """The ticket is refused; the message is shown to the person."""


class SealBroken(Exception):
    """The text was not sealed with our key for this purpose, was truncated, or comes from another version."""


@dataclass(frozen=True, kw_only=True)
class SignInTicket:
    """Who may sign in, in which role, until when (seconds since 1970), and the path of Label Studio to open.

    `session` refers to the Fulcrum session with which access ends; without one, it ends with the account.
    `is_replay` marks an account that replays known labels with known lead times.
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
class AccessQuestion:
    """Which role has this person now? With `signs_out`, their Fulcrum session is ended first."""

    email: str
    session: str
    asked_at: int
    signs_out: bool = False
    nonce: str = field(default_factory=lambda: secrets.token_urlsafe(16))


@dataclass(frozen=True, kw_only=True)
class AccessReply:
    """A person's role; empty where they have no active account, or their session has ended."""

    role: str


@dataclass(frozen=True, kw_only=True)
class LeadTimeReport:
    """A browser reported more seconds for an annotation than passed; ids are Label Studio's."""

    project: int
    annotation: int
    email: str
    reported: float
    kept: float


def session_reference(session_key: str | None) -> str:
    """Name a session without revealing its key; empty for none."""
    return hashlib.sha256(session_key.encode()).hexdigest() if session_key else ""


def write_ticket(*, key: str, ticket: SignInTicket) -> str:
    """Seal a ticket into text that fits a URL."""
    return _seal(key=key, purpose=_TICKET, fields=asdict(ticket))


def read_ticket(*, key: str, text: str, now: float) -> SignInTicket:
    """Check a ticket's seal and time; the caller checks whether it was used before.

    Raises: TicketRefused.
    """
    if not _is_ours(key=key, purpose=_TICKET, text=text):
        raise TicketRefused("This link was not made by Fulcrum, or was truncated.")
    try:
        ticket = SignInTicket(**_open(key=key, purpose=_TICKET, text=text))
    except (SealBroken, TypeError):
        raise TicketRefused("This link was made by another version of Fulcrum.") from None
    if now >= ticket.expires_at:
        raise TicketRefused("This link has expired. Open Label Studio from Fulcrum again.")
    return ticket


def write_question(*, key: str, question: AccessQuestion) -> str:
    """Seal a question."""
    return _seal(key=key, purpose=_QUESTION, fields=asdict(question))


def read_question(*, key: str, text: str, now: float) -> AccessQuestion:
    """Check a question's seal and time. Raises: SealBroken."""
    try:
        question = AccessQuestion(**_open(key=key, purpose=_QUESTION, text=text))
    except TypeError:
        raise SealBroken("The question was made by another version of Fulcrum.") from None
    if abs(now - question.asked_at) > QUESTION_SECONDS:
        raise SealBroken(
            f"The question was asked at {question.asked_at}, and it is {now:.0f} here: set both machines' clocks."
        )
    return question


def write_reply(*, key: str, reply: AccessReply, question: AccessQuestion) -> str:
    """Seal a reply to one question."""
    return _seal(key=key, purpose=_REPLY, fields={**asdict(reply), "nonce": question.nonce})


def read_reply(*, key: str, text: str, question: AccessQuestion) -> AccessReply:
    """Check that a reply is Fulcrum's, and to this question. Raises: SealBroken."""
    fields = _open(key=key, purpose=_REPLY, text=text)
    if fields.pop("nonce", None) != question.nonce:
        raise SealBroken("The reply is to another question.")
    try:
        return AccessReply(**fields)
    except TypeError:
        raise SealBroken("The reply was made by another version of Fulcrum.") from None


def write_report(*, key: str, report: LeadTimeReport) -> str:
    """Seal a lead time report."""
    return _seal(key=key, purpose=_REPORT, fields=asdict(report))


def read_report(*, key: str, text: str) -> LeadTimeReport:
    """Check a report's seal. It may come more than once. Raises: SealBroken."""
    try:
        return LeadTimeReport(**_open(key=key, purpose=_REPORT, text=text))
    except TypeError:
        raise SealBroken("The report was made by another version of Fulcrum.") from None


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
