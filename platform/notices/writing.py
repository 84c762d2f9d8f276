"""Telling that something happened: the notice and its deliveries, in the transaction in which it happened."""

from celery import current_app
from django.db import transaction

from accounts.models import User
from accounts.permissions import Action
from notices.models import Delivery, Notice, NoticeKind, WebhookTarget

TASK = "notices.tasks.deliver"
QUEUE = "notices"


@transaction.atomic
def notify(*, key: str, kind: NoticeKind, title: str, body: str, path: str = "") -> bool:
    """Notify every active target, and every manager and admin who wants mail, once per key; say whether it was new.

    `key` names the event and its occasion (`run:57:failed`); `body` says what it means and what to do; `path` is the
    page about it. Joins the caller's transaction: if that is undone, nobody is told. A second call with the key waits
    for the first and then does nothing; take your own row locks before.
    """
    if path and (not path.startswith("/") or path.startswith("//")):
        raise ValueError(f"path: {path!r} is no path of a page here; start it with one slash.")
    values = {"kind": kind, "title": " ".join(title.split()), "body": body, "path": path}
    notice, is_new = Notice.objects.get_or_create(key=key, defaults=values)
    if is_new:
        readers = User.objects.filter(is_active=True, wants_mail=True, role__in=Action.SEE_NOTICES.roles)
        targets = WebhookTarget.objects.filter(is_active=True)
        mails = [Delivery(notice=notice, channel=Delivery.Channel.EMAIL, person=reader) for reader in readers]
        calls = [Delivery(notice=notice, channel=Delivery.Channel.WEBHOOK, target=target) for target in targets]
        Delivery.objects.bulk_create([*mails, *calls])
        nudge_on_commit()
    return is_new


def nudge_on_commit() -> None:
    """Have deliveries looked for once the transaction is in. The schedule makes up for a broker that is down."""
    transaction.on_commit(_nudge, robust=True)


def _nudge() -> None:
    current_app.send_task(TASK, queue=QUEUE, retry_policy={"max_retries": 1})
