from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from unittest.mock import patch

import pytest
from django.core import mail
from django.db import connection, transaction

from accounts.models import Role
from config.refusals import Refusal
from notices.models import Delivery, Notice, NoticeKind, WebhookTarget
from notices.operations import deliver_due, notify
from notices.tasks import deliver
from tests import factories
from tests.integration.notices.conftest import Tell


def tell_of_threshold(path: str = "") -> bool:
    return notify(
        key="budget:3:threshold:80", kind=NoticeKind.BUDGET_THRESHOLD, title="80 % is spent", body="Soon.", path=path
    )


@pytest.mark.django_db
def test_a_second_call_with_the_key_does_nothing() -> None:
    factories.person(Role.MANAGER)
    assert [tell_of_threshold(), tell_of_threshold()] == [True, False]
    assert (Notice.objects.count(), Delivery.objects.count()) == (1, 1)


@pytest.mark.django_db(transaction=True)
def test_of_sixteen_calls_at_the_same_moment_one_tells() -> None:
    factories.person(Role.MANAGER)

    def call(_: int) -> bool:
        try:
            return tell_of_threshold()
        finally:
            connection.close()

    with ThreadPoolExecutor(16) as pool:
        assert sum(pool.map(call, range(48))) == 1
    assert (Notice.objects.count(), Delivery.objects.count()) == (1, 1)


@pytest.mark.django_db(transaction=True)
def test_what_is_undone_is_told_to_nobody() -> None:
    factories.person(Role.MANAGER)
    with suppress(ZeroDivisionError), transaction.atomic():
        assert tell_of_threshold()
        raise ZeroDivisionError
    assert not Notice.objects.exists()
    assert tell_of_threshold()


@pytest.mark.django_db(transaction=True)
def test_a_worker_is_nudged_once_the_notice_is_in() -> None:
    with patch("notices.writing.current_app") as celery:
        with transaction.atomic():
            tell_of_threshold()
            celery.send_task.assert_not_called()
        tell_of_threshold()
    assert celery.send_task.call_args.args == (deliver.name,)
    assert celery.send_task.call_count == 1


def test_managers_and_admins_who_want_mail_get_one_each(tell: Tell) -> None:
    readers = [factories.person(Role.MANAGER), factories.person(Role.ADMIN)]
    factories.person(Role.ANNOTATOR)
    factories.person(Role.MANAGER, wants_mail=False)
    factories.person(Role.MANAGER, is_active=False)
    tell()
    deliver_due()
    assert sorted(message.to[0] for message in mail.outbox) == sorted(reader.email for reader in readers)


def test_a_mail_says_what_happened_and_leads_to_its_page(tell: Tell) -> None:
    factories.person(Role.MANAGER)
    tell(title="Run 57 failed\nBcc: everybody@example.com")
    deliver_due()
    (message,) = mail.outbox
    assert message.subject == "[Fulcrum] Run 57 failed Bcc: everybody@example.com"
    assert message.body == "It broke.\n\nhttps://fulcrum.example/runs/57/"
    assert message.extra_headers["Message-ID"] == f"<{Delivery.objects.get().uid}@fulcrum.example>"


def test_a_target_that_is_switched_off_is_told_nothing(tell: Tell, target: WebhookTarget) -> None:
    WebhookTarget.objects.update(is_active=False)
    assert not tell().deliveries.exists()


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["https://elsewhere.example/", "//elsewhere.example", "runs/57/"])
def test_a_path_that_leads_elsewhere_is_refused(path: str) -> None:
    with pytest.raises(Refusal, match="start it with one slash"):
        tell_of_threshold(path)
