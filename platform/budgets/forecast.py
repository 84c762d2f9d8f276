"""When a budget would run out if spending continues as in the last days; and notifying of it in time."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from django.db.models import Sum
from django.db.models.functions import TruncHour
from django.utils import timezone

from budgets.models import Budget, LedgerEntry
from budgets.money import ZERO, amount_text, quantize, rounded_text
from notices.models import NoticeKind
from notices.operations import notify

WINDOW = timedelta(days=7)
LEAST_HISTORY = timedelta(days=2)
NOTIFY_WITHIN = timedelta(days=7)
# Beyond this, a forecast from a week says nothing.
HORIZON_DAYS = 3650


@dataclass(frozen=True, kw_only=True)
class Forecast:
    """Spending per day over the window, and when nothing would be left; None where that is not in sight."""

    per_day: Decimal
    runs_out_at: datetime | None


def forecast(*, spends: Sequence[tuple[datetime, Decimal]], available: Decimal, now: datetime) -> Forecast | None:
    """Continue the spending of the last seven days, at an even pace.

    `spends` are moments and amounts in any order, reversals negative; those outside the window do not count. None where
    the first one in the window is less than two days old.
    """
    ours = [(at, amount) for at, amount in spends if now - WINDOW <= at <= now]
    since = min((at for at, _ in ours), default=now)
    if now - since < LEAST_HISTORY:
        return None
    days = Decimal((now - since) / timedelta(seconds=1)) / (24 * 3600)
    per_day = quantize(sum((amount for _, amount in ours), ZERO) / days)
    if per_day <= 0:
        return Forecast(per_day=ZERO, runs_out_at=None)
    days_left = max(available, ZERO) / per_day
    runs_out_at = now + timedelta(days=float(days_left)) if days_left <= HORIZON_DAYS else None
    return Forecast(per_day=per_day, runs_out_at=runs_out_at)


def outlook(*, budget: Budget, now: datetime | None = None) -> Forecast | None:
    """Forecast when a budget runs out; None while it is stopped, and where spending began less than two days ago."""
    if budget.is_stopped:
        return None
    now = now or timezone.now()
    entries = LedgerEntry.objects.filter(budget=budget, occurred_at__gte=now - WINDOW, occurred_at__lte=now)
    # By hour, so that a busy week is a few rows. An hour that the window's edge cuts begins before it.
    by_hour = entries.order_by().annotate(hour=TruncHour("occurred_at")).values_list("hour").annotate(Sum("amount"))
    spends = [(max(hour, now - WINDOW), total) for hour, total in by_hour]
    return forecast(spends=spends, available=budget.available, now=now)


def notify_forecasts(*, now: datetime | None = None) -> int:
    """Notify of each budget that is forecast to run out within seven days, once per limit; count the new notices."""
    now = now or timezone.now()
    open_budgets = Budget.objects.filter(stopped_at__isnull=True, limit__gt=0).order_by("pk")
    return sum(_notify(budget, now) for budget in open_budgets.iterator())


def _notify(budget: Budget, now: datetime) -> bool:
    found = outlook(budget=budget, now=now)
    if found is None or found.runs_out_at is None or found.runs_out_at - now > NOTIFY_WITHIN:
        return False
    return notify(
        key=f"budget:{budget.pk}:forecast:of:{budget.limit}",
        kind=NoticeKind.BUDGET_FORECAST,
        title=f"“{budget}” is forecast to run out on {found.runs_out_at:%Y-%m-%d}",
        body=f"{amount_text(budget.available)} {budget.currency} is left, and {rounded_text(found.per_day)} was "
        "spent per day over the last seven days. Top it up in time, or everything it pays for stops then.",
        path=budget.page,
    )
