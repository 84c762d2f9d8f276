import time
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from pytest_django import Settings

from accounts.models import Role
from notices import sending
from notices.models import Delivery, WebhookTarget
from notices.operations import add_target, deliver_due
from tests import factories
from tests.hanging import Slow, slow_server
from tests.integration.notices.conftest import Tell
from tests.integration.notices.receiver import Receiver

State = Delivery.State


@pytest.fixture(autouse=True)
def short_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sending, "TIMEOUT_SECONDS", 2)


@pytest.fixture(params=list(Slow))
def slow(request: pytest.FixtureRequest, db: None) -> Iterator[WebhookTarget]:
    """A target that accepts and never answers, or sends a byte now and then for ever."""
    with slow_server(request.param) as url:
        yield add_target(actor=factories.person(Role.ADMIN, wants_mail=False), name="Slow", url=url)


def _states(target: WebhookTarget) -> set[str]:
    return set(target.deliveries.values_list("state", flat=True))


def test_a_call_ends_at_its_deadline_however_slowly_the_answer_comes(slow: WebhookTarget, tell: Tell) -> None:
    tell()
    began = time.monotonic()
    deliver_due()
    assert time.monotonic() - began < 10
    delivery = slow.deliveries.get()
    assert (delivery.state, "does not answer" in delivery.last_error) == (State.FAILED, True)


def test_others_are_told_though_much_is_due_to_it(slow: WebhookTarget, target: WebhookTarget, tell: Tell) -> None:
    for number in range(5):
        tell(key=f"run:{number}:failed")
    deliver_due()
    assert _states(target) == {State.SENT}
    # One try showed it; the rest wait and have lost no try.
    assert sorted(slow.deliveries.values_list("num_tries", flat=True)) == [0, 0, 0, 0, 1]


def test_what_rested_is_sent_once_the_receiver_answers(slow: WebhookTarget, receiver: Receiver, tell: Tell) -> None:
    for number in range(2):
        tell(key=f"run:{number}:failed")
    deliver_due()
    WebhookTarget.objects.filter(pk=slow.pk).update(url=receiver.url)
    Delivery.objects.update(next_try_at=slow.created_at)
    deliver_due()
    assert _states(slow) == {State.SENT}


@pytest.mark.django_db
def test_a_mail_server_that_sends_a_byte_now_and_then_is_not_waited_for(
    tell: Tell, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "MAIL_SECONDS", 2)
    factories.person(Role.ADMIN)
    with slow_server(Slow.DRIPS_HEAD) as url:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", urlsplit(url).port
        tell()
        began = time.monotonic()
        deliver_due()
    assert time.monotonic() - began < 10
    assert "does not answer" in Delivery.objects.get(channel="email").last_error
