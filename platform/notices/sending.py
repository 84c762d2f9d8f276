"""Carrying one delivery out: what a mail and a webhook call look like, and which refusals pass."""

import hmac
import json
import smtplib
import time
from collections.abc import Callable
from concurrent.futures import Future
from hashlib import sha256
from threading import Thread
from urllib.parse import urlsplit

import httpx
from django.conf import settings
from django.core.mail import EmailMessage

from config.deadlines import bounded, deadline
from notices.models import Delivery, Notice
from notices.queries import mail_leaves_us

# For the whole of a call, however slowly its answer comes.
TIMEOUT_SECONDS = 10
# A mail takes some turns with its server.
MAIL_SECONDS = 30
# Enough for a receiver's reason, such as Slack's "no_service".
_REASON_BYTES = 200
_PASSING_STATUS = frozenset({408, 425, 429})
# What Slack reads as markup: a study's name must not be able to call a whole channel.
_SLACK = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})


class Refused(Exception):
    """The receiver will not take this delivery; trying again is no use."""


class TryLater(Exception):
    """The receiver cannot take this delivery now; it may later."""


class NoAnswer(TryLater):
    """The receiver does not answer at all, so that another delivery to it would only wait as long."""


def signature(*, secret: str, timestamp: str, body: bytes) -> str:
    """Sign a webhook's body: `sha256=` and the hex HMAC-SHA256 of `timestamp.body`, keyed with the target's secret."""
    signed = f"{timestamp}.".encode() + body
    return f"sha256={hmac.new(secret.encode(), signed, sha256).hexdigest()}"


def send(*, delivery: Delivery) -> Delivery.State:
    """Send a delivery: SENT, or LOGGED for a mail where no mail server is set. Raises: Refused; TryLater."""
    return SENDERS[Delivery.Channel(delivery.channel)](delivery)


def _mail(delivery: Delivery) -> Delivery.State:
    person, notice = delivery.person, delivery.notice
    assert person is not None
    if not (person.is_active and person.wants_mail):
        raise Refused(f"{person.email} gets no mail any more.")
    message = EmailMessage(
        subject=f"[Fulcrum] {notice.title}",
        body="\n\n".join(part for part in (notice.body, notice.link) if part),
        from_email=settings.DEFAULT_FROM_EMAIL,
        to=[person.email],
        # The same over all tries, so that a mail server or reader can drop a repeat.
        headers={"Message-ID": f"<{delivery.uid}@{urlsplit(settings.URL).hostname}>"},
    )
    try:
        _in_time(message.send, seconds=MAIL_SECONDS)
    except (smtplib.SMTPException, OSError) as error:
        raise _mail_trouble(error) from error
    return Delivery.State.SENT if mail_leaves_us() else Delivery.State.LOGGED


def _in_time(call: Callable[[], object], *, seconds: float) -> None:
    """Call in a thread that is left behind where it takes longer: smtplib limits each read, and not the whole."""
    done: Future[object] = Future()

    def run() -> None:
        try:
            done.set_result(call())
        except Exception as error:  # noqa: BLE001 -- handed on to who waits
            done.set_exception(error)

    Thread(target=run, name="mail", daemon=True).start()
    try:
        done.result(timeout=seconds)
    except TimeoutError as error:
        raise error if done.done() else TimeoutError(f"it took longer than {seconds} s") from error


def _mail_trouble(error: smtplib.SMTPException | OSError) -> Refused | TryLater:
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        answers = list(error.recipients.values())
        reason = "; ".join(f"{code} {text.decode(errors='replace')}" for code, text in answers)
        return TryLater(reason) if all(400 <= code < 500 for code, _ in answers) else Refused(reason)
    if isinstance(error, smtplib.SMTPResponseException):
        text = error.smtp_error.decode(errors="replace") if isinstance(error.smtp_error, bytes) else error.smtp_error
        reason = f"The mail server says {error.smtp_code} {text}"
        return TryLater(reason) if 400 <= error.smtp_code < 500 else Refused(reason)
    if isinstance(error, smtplib.SMTPServerDisconnected) or not isinstance(error, smtplib.SMTPException):
        return NoAnswer(f"The mail server does not answer: {error}")
    return Refused(f"The mail server refused: {error}")


def webhook_body(notice: Notice) -> bytes:
    """A notice as JSON: `text` is what Slack and its likes show, the rest is for programs."""
    parts = {
        "text": notice.text.translate(_SLACK),
        "kind": notice.kind,
        "key": notice.key,
        "title": notice.title,
        "body": notice.body,
        "link": notice.link,
        "at": notice.created_at.isoformat(),
    }
    return json.dumps(parts, ensure_ascii=False).encode()


def _call(delivery: Delivery) -> Delivery.State:
    target = delivery.target
    assert target is not None
    if not target.is_active:
        raise Refused(f"The target “{target}” is switched off.")
    body, timestamp = webhook_body(delivery.notice), str(int(time.time()))
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "Fulcrum",
        "X-Fulcrum-Delivery": str(delivery.uid),
        "X-Fulcrum-Timestamp": timestamp,
        "X-Fulcrum-Signature": signature(secret=target.secret, timestamp=timestamp, body=body),
    }
    status, reason = _post(target.url, body, headers)
    if 300 <= status < 400:
        raise Refused(f"It answered {status}, a redirect, which is not followed. Enter the address it leads to.")
    if status >= 400:
        passes = status in _PASSING_STATUS or status >= 500
        raise (TryLater if passes else Refused)(f"It answered {status} {reason}".strip())
    return Delivery.State.SENT


def _post(url: str, body: bytes, headers: dict[str, str]) -> tuple[int, str]:
    """Post and read no more of the answer than its beginning. Redirects are not followed."""
    try:
        with (
            deadline(seconds=TIMEOUT_SECONDS),
            bounded(httpx.Client(timeout=TIMEOUT_SECONDS)) as client,
            client.stream("POST", url, content=body, headers=headers) as response,
        ):
            start = next(response.iter_bytes(_REASON_BYTES), b"")
            return response.status_code, " ".join(start.decode(errors="replace").split())
    except (httpx.UnsupportedProtocol, httpx.InvalidURL) as error:
        raise Refused(f"Its URL cannot be called: {error}") from error
    except httpx.RequestError as error:
        raise NoAnswer(f"It does not answer ({type(error).__name__}): {error}") from error


SENDERS: dict[Delivery.Channel, Callable[[Delivery], Delivery.State]] = {
    Delivery.Channel.EMAIL: _mail,
    Delivery.Channel.WEBHOOK: _call,
}
