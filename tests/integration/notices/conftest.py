"""What tests of notices share: a receiver, a target that leads to it, and a clock that can be put forward."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from django.db.models import F
from pytest_django import Settings

from accounts.models import Role
from notices.models import Delivery, Notice, NoticeKind, WebhookTarget
from notices.operations import add_target, notify
from tests import factories
from tests.integration.notices.receiver import Receiver, receiving

Tell = Callable[..., Notice]


@pytest.fixture(autouse=True)
def own_url(settings: Settings) -> None:
    settings.URL = "https://fulcrum.example"
    settings.NOTICE_RETRY_SECONDS = (60, 300)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as server:
        yield server


@pytest.fixture
def target(db: None, receiver: Receiver) -> WebhookTarget:
    return add_target(actor=factories.person(Role.ADMIN, wants_mail=False), name="Chat", url=receiver.url)


@pytest.fixture
def tell(db: None) -> Tell:
    def tell_of(key: str = "run:57:failed", title: str = "Run 57 failed", body: str = "It broke.") -> Notice:
        notify(key=key, kind=NoticeKind.RUN_FAILED, title=title, body=body, path="/runs/57/")
        return Notice.objects.get(key=key)

    return tell_of


def pass_time(**span: float) -> None:
    """Everything that waits, waits that much less."""
    moved = timedelta(**span)
    Delivery.objects.update(next_try_at=F("next_try_at") - moved, lease_until=F("lease_until") - moved)
