import re
from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import AuditRecord, Role, User
from notices.models import Delivery, NoticeKind, WebhookTarget
from notices.operations import notify
from studies.models import Study
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def given_up() -> Delivery:
    return factories.given_up_delivery()


def page(client: Client, name: str, *args: int, query: str = "") -> str:
    return client.get(reverse(name, args=args) + query).content.decode()


def test_the_log_shows_what_happened_and_how_each_delivery_went(manager: Client, given_up: Delivery) -> None:
    shown = page(manager, "notices")
    assert 'href="/runs/57/"' in shown
    assert "6 tries. It answered 404 no_service" in shown
    assert "Send again" not in shown


def test_an_admin_sends_again_what_was_given_up(admin: Client, given_up: Delivery) -> None:
    assert "Send again" in page(admin, "notices")
    admin.post(reverse("send-again", args=[given_up.pk]))
    given_up.refresh_from_db()
    assert given_up.state == Delivery.State.WAITING
    answer = admin.post(reverse("send-again", args=[given_up.pk]), follow=True)
    assert "needs no help" in answer.content.decode()


def test_the_log_can_be_narrowed_to_what_was_given_up(manager: Client, given_up: Delivery) -> None:
    notify(key="run:58:failed", kind=NoticeKind.RUN_FAILED, title="Run 58 failed", body="")
    shown = page(manager, "notices", query="?show=given-up")
    assert ("Run 57 failed" in shown, "Run 58 failed" in shown) == (True, False)


def test_a_missing_mail_server_is_said(manager: Client) -> None:
    assert "No mail server is set" in page(manager, "notices")


def test_a_new_targets_secret_is_shown_once(admin: Client) -> None:
    form = {"name": "Chat", "url": "https://chat.example/hooks/private"}
    first = admin.post(reverse("webhook-targets"), form, follow=True).content.decode()
    target = WebhookTarget.objects.get()
    assert target.secret in first
    assert target.secret not in page(admin, "webhook-target", target.pk)
    assert "hooks/private" not in page(admin, "webhook-targets")


def test_a_rotated_secret_is_shown_once(admin: Client) -> None:
    target = factories.webhook_target()
    first = admin.post(reverse("rotate-webhook-secret", args=[target.pk]), follow=True).content.decode()
    old = target.secret
    target.refresh_from_db()
    assert (target.secret in first, target.secret == old) == (True, False)
    assert target.secret not in page(admin, "webhook-target", target.pk)


def test_a_bad_url_is_refused_beside_its_field(admin: Client) -> None:
    answer = admin.post(reverse("webhook-targets"), {"name": "Chat", "url": "ftp://chat.example"})
    assert re.search(r"<ul[^>]*errorlist[^>]*>\s*<li>Enter a whole URL", answer.content.decode())
    assert not WebhookTarget.objects.exists()


def test_a_test_says_what_the_target_answered(admin: Client) -> None:
    target = factories.webhook_target()
    answer = admin.post(reverse("test-webhook-target", args=[target.pk]), follow=True)
    assert "did not accept the test. It does not answer" in answer.content.decode()


def test_changes_of_targets_are_on_the_audit_trail_without_url_or_secret(admin: Client) -> None:
    admin.post(reverse("webhook-targets"), {"name": "Chat", "url": "https://chat.example/hooks/private"})
    target = WebhookTarget.objects.get()
    form = {"name": "Chat", "url": "https://chat.example/hooks/other"}
    admin.post(reverse("webhook-target", args=[target.pk]), form)
    admin.post(reverse("rotate-webhook-secret", args=[target.pk]))
    records = list(AuditRecord.objects.filter(subject_type="webhook").order_by("pk"))
    assert [one.action for one in records] == ["webhook.add", "webhook.change", "webhook.secret"]
    assert records[1].after == {"is_active": False, "url": "changed"}
    assert not re.search(f"private|other|{target.secret}", str([(one.before, one.after) for one in records]))


def test_a_person_switches_their_mails_off_and_on(client: Client) -> None:
    person = factories.person(Role.MANAGER)
    client.force_login(person)
    assert "Turn off mail" in page(client, "change-password")
    client.post(reverse("choose-mail"), {"wants_mail": "off"})
    assert User.objects.get(pk=person.pk).wants_mail is False
    client.post(reverse("choose-mail"), {"wants_mail": "on"})
    assert User.objects.get(pk=person.pk).wants_mail is True


def test_annotators_are_not_asked_about_mails(signed_in: Callable[[Role], Client], study: Study) -> None:
    assert "Notices by mail" not in page(signed_in(Role.ANNOTATOR), "change-password")
