"""Wrong tries to sign in, which django-axes counts for an account and an address together."""

from dataclasses import dataclass
from datetime import datetime

from axes.models import AccessAttempt
from django.conf import settings
from django.db.models import Max, Sum
from django.utils import timezone


@dataclass(frozen=True, kw_only=True)
class Lock:
    """An account that cannot be signed in to from one address until a time."""

    address: str
    num_tries: int
    ends_at: datetime


def locks(*, email: str) -> list[Lock]:
    """The locks on an account, by address; the account can be signed in to from all others."""
    since = timezone.now() - settings.AXES_COOLOFF_TIME
    tries = AccessAttempt.objects.filter(username=email, attempt_time__gte=since).order_by()
    by_address = tries.values_list("ip_address").annotate(num=Sum("failures_since_start"), last=Max("attempt_time"))
    return [
        Lock(address=address or "no address", num_tries=num, ends_at=last + settings.AXES_COOLOFF_TIME)
        for address, num, last in by_address.order_by("ip_address")
        if num >= settings.AXES_FAILURE_LIMIT
    ]


def forget_wrong_tries(*, email: str) -> int:
    """Forget an account's wrong tries from everywhere, which ends its locks. Returns: how many there were."""
    tries = AccessAttempt.objects.filter(username=email)
    num: int = tries.aggregate(num=Sum("failures_since_start"))["num"] or 0
    tries.delete()
    return num
