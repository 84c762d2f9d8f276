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
    """Tell every active target, and every manager and admin who wants mail, once per key.

    Joins the caller's transaction: if that is undone, nobody is told. Nothing is sent before it is in. A second call
    with the key, at the same moment too, waits for the first and then does nothing; take your own row locks before.

    Parameters: `key` names the event and its occasion (`run:57:failed`), at most 200 characters; `title` one line;
    `body` what it means and what to do, plain text; `path` of the page about it, starting with a slash, or empty.
    Returns: whether this call was the first with the key.
    Raises: ValueError (a path that is not one of ours).
    """
    if path and (not path.startswith("/") or path.startswith("//")):
        raise ValueError(f"path: {path!r} is no path of a page here; start it with one slash.")
    values = {"kind": kind, "title": " ".join(title.split()), "body": body, "path": path}
    notice, is_new = Notice.objects.get_or_create(key=key, defaults=values)
    if is_new:
        Delivery.objects.bulk_create([*_mails(notice), *_calls(notice)])
        nudge_on_commit()
    return is_new


def nudge_on_commit() -> None:
    """Have deliveries looked for once the transaction is in. The schedule makes up for a broker that is down."""
    transaction.on_commit(_nudge, robust=True)


def _nudge() -> None:
    current_app.send_task(TASK, queue=QUEUE, retry_policy={"max_retries": 1})


def _mails(notice: Notice) -> list[Delivery]:
    readers = User.objects.filter(is_active=True, wants_mail=True, role__in=Action.SEE_NOTICES.roles)
    return [Delivery(notice=notice, channel=Delivery.Channel.EMAIL, person=reader) for reader in readers]


def _calls(notice: Notice) -> list[Delivery]:
    targets = WebhookTarget.objects.filter(is_active=True)
    return [Delivery(notice=notice, channel=Delivery.Channel.WEBHOOK, target=target) for target in targets]
