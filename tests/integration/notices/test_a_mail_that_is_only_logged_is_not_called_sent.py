import pytest
from pytest_django import Settings

from accounts.models import Role
from notices.models import Delivery
from notices.operations import deliver_due
from tests import factories
from tests.integration.notices.conftest import Tell
from tests.integration.web.pages import signed_in_as

CONSOLE = "django.core.mail.backends.console.EmailBackend"
IN_MEMORY = "django.core.mail.backends.locmem.EmailBackend"


@pytest.mark.parametrize("backend", [CONSOLE, IN_MEMORY])
def test_without_a_mail_server_a_mail_is_logged_and_not_sent(tell: Tell, settings: Settings, backend: str) -> None:
    settings.EMAIL_BACKEND = backend
    reader = factories.person(Role.MANAGER)
    tell()
    deliver_due()
    delivery = Delivery.objects.get()
    assert (delivery.state, delivery.sent_at) == (Delivery.State.LOGGED, None)
    page = signed_in_as(reader).get("/notices/").content.decode()
    assert "Not sent, only logged" in page and "Sent:" not in page


def test_with_a_mail_server_a_mail_is_sent(tell: Tell, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    monkeypatch.setattr("django.core.mail.backends.smtp.EmailBackend.send_messages", lambda *_: 1)
    factories.person(Role.MANAGER)
    tell()
    deliver_due()
    assert Delivery.objects.get().state == Delivery.State.SENT
