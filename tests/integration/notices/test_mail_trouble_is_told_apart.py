import smtplib
from unittest.mock import patch

import pytest

from accounts.models import Role
from notices.models import Delivery
from notices.operations import deliver_due
from tests import factories
from tests.integration.notices.conftest import Tell

SEND = "django.core.mail.backends.locmem.EmailBackend.send_messages"
TROUBLE = {
    "busy": (smtplib.SMTPDataError(451, b"try later"), "failed", "451 try later"),
    "refused": (smtplib.SMTPDataError(554, b"spam"), "given_up", "554 spam"),
    "no such mailbox": (
        smtplib.SMTPRecipientsRefused({"a@example.com": (550, b"unknown")}),
        "given_up",
        "550 unknown",
    ),
    "mailbox full": (smtplib.SMTPRecipientsRefused({"a@example.com": (452, b"full")}), "failed", "452 full"),
    "hung up": (smtplib.SMTPServerDisconnected("gone"), "failed", "gone"),
    "no answer": (TimeoutError("timed out"), "failed", "timed out"),
    "not able": (smtplib.SMTPNotSupportedError("no STARTTLS"), "given_up", "no STARTTLS"),
}


@pytest.mark.parametrize("name", TROUBLE)
def test_only_what_passes_is_tried_again(name: str, tell: Tell) -> None:
    trouble, state, reason = TROUBLE[name]
    factories.person(Role.MANAGER)
    tell()
    with patch(SEND, side_effect=trouble):
        deliver_due()
    delivery = Delivery.objects.get()
    assert (delivery.state, reason in delivery.last_error) == (state, True)


def test_who_switched_mails_off_meanwhile_gets_none(tell: Tell) -> None:
    reader = factories.person(Role.MANAGER)
    tell()
    reader.wants_mail = False
    reader.save()
    deliver_due()
    assert "no mail any more" in Delivery.objects.get(state="given_up").last_error
