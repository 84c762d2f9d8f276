"""One-time tickets that carry a signed-in person from Fulcrum into Label Studio.

Both sides import this module, and they share no Django version: only the standard library here.
"""

import base64
import hashlib
import hmac
import json
import secrets
from dataclasses import asdict, dataclass, field

MAX_LENGTH = 4096


class TicketRefused(Exception):
    """The ticket cannot be accepted; the message says so to the person who brought it."""


@dataclass(frozen=True, kw_only=True)
class Ticket:
    """Who may enter, as what, until when (seconds since 1970), and where to go then (a path of Label Studio)."""

    email: str
    name: str
    role: str
    expires_at: int
    next: str
    nonce: str = field(default_factory=lambda: secrets.token_urlsafe(16))


def write(*, key: str, ticket: Ticket) -> str:
    """Sign a ticket into text that fits a URL."""
    body = _encode(json.dumps(asdict(ticket), separators=(",", ":")).encode())
    return f"{body}.{_sign(key, body)}"


def read(*, key: str, text: str, now: float) -> Ticket:
    """Check a ticket's signature and time; whether it was used before is the caller's to know.

    Raises: TicketRefused.
    """
    body, _, signature = text.partition(".")
    if not key or len(text) > MAX_LENGTH or not hmac.compare_digest(signature.encode(), _sign(key, body).encode()):
        raise TicketRefused("This link was not made by Fulcrum, or was cut off.")
    try:
        ticket = Ticket(**json.loads(_decode(body)))
    except (ValueError, TypeError):
        raise TicketRefused("This link was made by another version of Fulcrum.") from None
    if now >= ticket.expires_at:
        raise TicketRefused("This link has expired: it is good for a moment only.")
    return ticket


def _sign(key: str, body: str) -> str:
    return _encode(hmac.new(key.encode(), b"fulcrum-ticket:" + body.encode(), hashlib.sha256).digest())


def _encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
