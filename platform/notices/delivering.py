"""Getting deliveries out: claimed under a lease, sent outside any transaction, recorded, tried again."""

import logging
import time
from datetime import datetime, timedelta
from uuid import uuid4

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from accounts.models import User
from accounts.permissions import Action, require
from config.refusals import Refusal
from notices.models import Delivery, Notice, NoticeKind, WebhookTarget
from notices.sending import NoAnswer, Refused, TryLater, send
from notices.writing import nudge_on_commit

logger = logging.getLogger(__name__)

# Longer than the time-outs of one sending.
LEASE = timedelta(seconds=60)
# A round ends before the next is due, so that receivers that hang cannot take every worker.
ROUND_SECONDS = 8.0
# A receiver that does not answer is left alone this long, so that what is due to it cannot hold up the others.
REST = timedelta(seconds=60)
OPEN = (Delivery.State.WAITING, Delivery.State.FAILED)


class NotGivenUp(Refusal):
    """Only a delivery that was given up is sent again by hand."""


def deliver_due(*, seconds: float = ROUND_SECONDS) -> int:
    """Send what is due, beginning nothing after so many seconds; count the deliveries tried.

    Each arrives at least once, and twice if we die between sending and recording: a receiver drops repeats by the
    delivery's uid. Several workers may do this at once. Trouble that passes is tried again after each of
    NOTICE_RETRY_SECONDS in turn; then, and after a refusal, the delivery is given up with its reason.
    """
    ends_at = time.monotonic() + seconds
    num_tried = 0
    while time.monotonic() < ends_at:
        delivery = _claim()
        if delivery is None:
            break
        _try(delivery)
        num_tried += 1
    return num_tried


def send_again(*, actor: User, delivery: Delivery) -> Delivery:
    """Try a delivery that was given up once more, with all its retries. Raises: Forbidden; NotGivenUp."""
    require(actor=actor, action=Action.MANAGE_NOTICES)
    with transaction.atomic():
        again = {"state": Delivery.State.WAITING, "num_tries": 0, "next_try_at": timezone.now()}
        given_up = Delivery.objects.filter(pk=delivery.pk, state=Delivery.State.GIVEN_UP)
        if not given_up.update(**again):
            raise NotGivenUp(f"The delivery to {delivery.recipient} is not given up; it needs no help.")
        nudge_on_commit()
    delivery.refresh_from_db()
    return delivery


def send_test(*, actor: User, target: WebhookTarget) -> Delivery:
    """Send a test to one target now, once, without retries: sent, or given up with its reason. Raises: Forbidden."""
    require(actor=actor, action=Action.MANAGE_NOTICES)
    with transaction.atomic():
        notice = Notice.objects.create(
            key=f"target:{target.pk}:test:{uuid4()}",
            kind=NoticeKind.TEST,
            title=f"Test for “{target}”",
            body=f"{actor} requested this test. Nothing is wrong.",
            path="/notices/",
        )
        delivery = Delivery.objects.create(
            notice=notice,
            channel=Delivery.Channel.WEBHOOK,
            target=target,
            num_tries=1,
            lease_until=timezone.now() + LEASE,
        )
    _try(delivery, retries=())
    delivery.refresh_from_db()
    return delivery


def _claim() -> Delivery | None:
    """Take the delivery that is due longest. A claim counts as a try, so that one that kills us is given up too."""
    now = timezone.now()
    free = Q(lease_until=None) | Q(lease_until__lte=now)
    with transaction.atomic():
        due = Delivery.objects.filter(free, state__in=OPEN, next_try_at__lte=now).order_by("next_try_at", "pk")
        found = due.select_for_update(skip_locked=True).values_list("pk", flat=True).first()
        if found is None:
            return None
        Delivery.objects.filter(pk=found).update(num_tries=F("num_tries") + 1, lease_until=now + LEASE)
    return Delivery.objects.select_related("notice", "person", "target").get(pk=found)


def _try(delivery: Delivery, *, retries: tuple[int, ...] | None = None) -> None:
    retries = settings.NOTICE_RETRY_SECONDS if retries is None else retries
    if delivery.num_tries > len(retries) + 1:
        _record(delivery, state=Delivery.State.GIVEN_UP, error="Its last try broke off; see the worker's log.")
        return
    try:
        state = send(delivery=delivery)
    except Refused as refusal:
        _record(delivery, state=Delivery.State.GIVEN_UP, error=str(refusal))
    except TryLater as trouble:
        if delivery.num_tries > len(retries):
            _record(delivery, state=Delivery.State.GIVEN_UP, error=str(trouble))
        else:
            wait = timedelta(seconds=retries[delivery.num_tries - 1])
            _record(delivery, state=Delivery.State.FAILED, error=str(trouble), next_try_at=timezone.now() + wait)
        if isinstance(trouble, NoAnswer):
            _let_rest(delivery)
    else:
        _record(delivery, state=state)


def _let_rest(delivery: Delivery) -> None:
    """Put off what else is due to a receiver that does not answer; it counts as no try."""
    now = timezone.now()
    same = Delivery.objects.filter(channel=delivery.channel, target=delivery.target, state__in=OPEN)
    same.filter(next_try_at__lt=now + REST).update(next_try_at=now + REST)


def _record(delivery: Delivery, *, state: Delivery.State, error: str = "", next_try_at: datetime | None = None) -> None:
    """Write down how a try went, unless its lease ran out and somebody else took the delivery meanwhile."""
    values: dict[str, object] = {"state": state, "last_error": error, "lease_until": None}
    if state == Delivery.State.SENT:
        values["sent_at"] = timezone.now()
    if next_try_at is not None:
        values["next_try_at"] = next_try_at
    if not Delivery.objects.filter(pk=delivery.pk, lease_until=delivery.lease_until).update(**values):
        logger.warning("delivery %s took longer than its lease; another worker records it", delivery.uid)
    elif error:
        logger.warning("delivery %s, try %s, %s: %s", delivery.uid, delivery.num_tries, state, error)
