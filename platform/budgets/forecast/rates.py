"""When a budget would run out if spending continues as in the last days. Pure arithmetic."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from budgets.money import ZERO, quantize

WINDOW = timedelta(days=7)
LEAST_HISTORY = timedelta(days=2)
# Beyond this, a forecast from a week says nothing.
HORIZON = timedelta(days=3650)


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
    per_day = quantize(sum((amount for _, amount in ours), ZERO) / _days(now - since))
    return Forecast(per_day=max(per_day, ZERO), runs_out_at=_runs_out_at(per_day, available, now))


def _runs_out_at(per_day: Decimal, available: Decimal, now: datetime) -> datetime | None:
    if per_day <= 0:
        return None
    if available <= 0:
        return now
    days = available / per_day
    return now + timedelta(days=float(days)) if days <= _days(HORIZON) else None


def _days(span: timedelta) -> Decimal:
    return Decimal(span / timedelta(seconds=1)) / (24 * 3600)
