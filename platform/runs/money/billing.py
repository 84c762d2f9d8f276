"""Billing an attempt for the device seconds that it held."""

from datetime import datetime
from decimal import Decimal

from budgets.ledger import Cost, release, settle
from budgets.models import Hold, LedgerEntry, Origin, Price
from budgets.money import amount_text, hours_of, quantize
from runs.models import Attempt, Ending

MILLISECOND = Decimal("0.001")
SECONDS_PER_HOUR = 3600


def seconds_of(value: float) -> Decimal:
    """Round a duration in seconds to the millisecond that is stored; never below zero."""
    return max(Decimal(value), Decimal(0)).quantize(MILLISECOND)


def cost_of(*, seconds: Decimal, price: Price) -> Decimal:
    """Price device seconds by the price of a device hour."""
    return quantize(seconds * price.rate / SECONDS_PER_HOUR)


def bill(*, attempt: Attempt, hold: Hold, ended_at: datetime, close: bool, used: str = "") -> LedgerEntry | None:
    """Enter what an attempt cost, once; with `close`, give back what the run leaves of its hold.

    Parameters: `used` what it used beside device time, in words for the memo: the price of a device hour covers it.
    Call it with the run's row locked. Billed is at most what the hold has left; the time limit sees to it that this
    is enough, and the memo says so where it was not.
    """
    hold.refresh_from_db()
    if attempt.device_seconds == 0:
        if close:
            release(hold=hold, reason="the run ended")
        return None
    full = cost_of(seconds=attempt.device_seconds, price=hold.price)
    amount = min(full, hold.remaining)
    capped = f"; billed up to its hold, {amount_text(full - amount)} more was used" if amount < full else ""
    cost = Cost(
        source_key=attempt.source_key,
        work_key=attempt.run.source_key,
        quantity=hours_of(int(attempt.device_seconds * 1_000_000)),
        amount=amount,
        origin=Origin.COMPUTE,
        occurred_at=ended_at,
        memo=f"{_work(attempt)}{f', {used}' if used else ''}{capped}"[:200],
    )
    return settle(hold=hold, cost=cost, close=close)


def _work(attempt: Attempt) -> str:
    return f"{attempt.run.get_kind_display()}, {attempt.device_seconds} s on {attempt.run.device}{_of_which(attempt)}"


def _of_which(attempt: Attempt) -> str:
    """What part of it was idle, or that all of it was lost; nothing where the trainer did not tell."""
    if attempt.ending in Ending.wasted():
        return f", lost ({attempt.ending})"
    if attempt.working_seconds is None:
        return ""
    return f", {max(float(attempt.device_seconds) - attempt.working_seconds, 0.0):.3f} s of it idle"
