"""What is forecast for a budget, from its entries; and telling of it in time."""

from datetime import datetime, timedelta
from decimal import Decimal

from django.db.models import Sum
from django.db.models.functions import TruncHour
from django.utils import timezone

from budgets.forecast.rates import WINDOW, Forecast, forecast
from budgets.ledger import page_of
from budgets.models import Budget, LedgerEntry
from budgets.money import amount_text, rounded_text
from notices.models import NoticeKind
from notices.operations import notify

TOLD_WITHIN = timedelta(days=7)


def outlook(*, budget: Budget, now: datetime | None = None) -> Forecast | None:
    """Forecast when a budget runs out, from its entries of the last seven days.

    None while a stop is active, and where spending began less than two days ago.
    """
    if budget.is_stopped:
        return None
    now = now or timezone.now()
    return forecast(spends=_spends(budget, now), available=budget.available, now=now)


def notify_forecasts(*, now: datetime | None = None) -> int:
    """Notify of each budget that is forecast to run out within seven days, once per limit; count the new notices."""
    now = now or timezone.now()
    open_budgets = Budget.objects.filter(stopped_at__isnull=True, limit__gt=0).order_by("pk")
    return sum(_tell(budget, now) for budget in open_budgets.iterator())


def _tell(budget: Budget, now: datetime) -> bool:
    found = outlook(budget=budget, now=now)
    if found is None or found.runs_out_at is None or found.runs_out_at - now > TOLD_WITHIN:
        return False
    return notify(
        key=f"budget:{budget.pk}:forecast:of:{budget.limit}",
        kind=NoticeKind.BUDGET_FORECAST,
        title=f"“{budget}” is forecast to run out on {found.runs_out_at:%Y-%m-%d}",
        body=f"{amount_text(budget.available)} {budget.currency} is left, and {rounded_text(found.per_day)} was "
        "spent per day over the last seven days. Top it up in time, or everything it pays for stops then.",
        path=page_of(budget),
    )


def _spends(budget: Budget, now: datetime) -> list[tuple[datetime, Decimal]]:
    """By hour, so that a busy week is a few rows."""
    entries = LedgerEntry.objects.filter(budget=budget, occurred_at__gte=now - WINDOW, occurred_at__lte=now)
    by_hour = entries.order_by().annotate(hour=TruncHour("occurred_at")).values_list("hour")
    # An hour that the window's edge cuts begins before it.
    return [(max(hour, now - WINDOW), total) for hour, total in by_hour.annotate(total=Sum("amount"))]
