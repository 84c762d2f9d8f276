"""Messages about people between Fulcrum and Label Studio, sealed with their shared key.

Both sides import this module, with different versions of Django: only the standard library here.
"""

import base64
import hashlib
import hmac
import json
import secrets
from dataclasses import asdict, dataclass, field
from typing import TypeVar

MAX_LENGTH = 4096
# How far the two clocks may differ, and how long a question can be repeated.
QUESTION_SECONDS = 60


class TicketRefused(Exception):
    """The ticket is refused; the message is shown to the person."""


class SealBroken(Exception):
    """The text was not sealed with our key for this purpose, was truncated, or comes from another version."""


@dataclass(frozen=True, kw_only=True)
class SignInTicket:
    """Who may sign in, once, until when (seconds since 1970), and the path of Label Studio to open.

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
    """A person's role, empty for none; the nonce is the question's."""

    role: str
    nonce: str


@dataclass(frozen=True, kw_only=True)
class LeadTimeReport:
    """A browser reported more seconds for an annotation than passed; ids are Label Studio's. May come repeatedly."""

    project: int
    annotation: int
    email: str
    reported: float
    kept: float


Message = SignInTicket | AccessQuestion | AccessReply | LeadTimeReport
MessageT = TypeVar("MessageT", bound=Message)
_PURPOSES: dict[type, str] = {
    SignInTicket: "ticket",
    AccessQuestion: "question",
    AccessReply: "answer",
    LeadTimeReport: "cut",
}


def session_reference(session_key: str | None) -> str:
    """Name a session without revealing its key; empty for none."""
    return hashlib.sha256(session_key.encode()).hexdigest() if session_key else ""


def seal(*, key: str, message: Message) -> str:
    """Seal a message into text that fits a URL."""
    body = _encode(json.dumps(asdict(message), separators=(",", ":")).encode())
    return f"{body}.{_sign(key, type(message), body)}"


def unseal(message_type: type[MessageT], *, key: str, text: str) -> MessageT:
    """Read a sealed message. Raises: SealBroken."""
    if not _is_ours(message_type, key=key, text=text):
        raise SealBroken("The text was not sealed with our key: is FULCRUM_TICKET_KEY the same on both sides?")
    try:
        return message_type(**json.loads(_decode(text.partition(".")[0])))
    except (TypeError, ValueError):
        raise SealBroken(f"The {_PURPOSES[message_type]} was made by another version of Fulcrum.") from None


def read_ticket(*, key: str, text: str, now: float) -> SignInTicket:
    """Read a ticket; the caller checks whether it was used before. Raises: TicketRefused."""
    if not _is_ours(SignInTicket, key=key, text=text):
        raise TicketRefused("This link was not made by Fulcrum, or was truncated.")
    try:
        ticket = unseal(SignInTicket, key=key, text=text)
    except SealBroken:
        raise TicketRefused("This link was made by another version of Fulcrum.") from None
    if now >= ticket.expires_at:
        raise TicketRefused("This link has expired. Open Label Studio from Fulcrum again.")
    return ticket


def read_question(*, key: str, text: str, now: float) -> AccessQuestion:
    """Read a recent question. Raises: SealBroken."""
    question = unseal(AccessQuestion, key=key, text=text)
    if abs(now - question.asked_at) > QUESTION_SECONDS:
        raise SealBroken(
            f"The question was asked at {question.asked_at}, and it is {now:.0f} here: set both machines' clocks."
        )
    return question


def read_reply(*, key: str, text: str, question: AccessQuestion) -> AccessReply:
    """Read a reply to this question. Raises: SealBroken."""
    reply = unseal(AccessReply, key=key, text=text)
    if reply.nonce != question.nonce:
        raise SealBroken("The reply is to another question.")
    return reply


def _is_ours(message_type: type, *, key: str, text: str) -> bool:
    body, _, signature = text.partition(".")
    is_whole = bool(key) and len(text) <= MAX_LENGTH
    return is_whole and hmac.compare_digest(signature.encode(), _sign(key, message_type, body).encode())


def _sign(key: str, message_type: type, body: str) -> str:
    text = f"fulcrum-{_PURPOSES[message_type]}:{body}"
    return _encode(hmac.new(key.encode(), text.encode(), hashlib.sha256).digest())


def _encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
