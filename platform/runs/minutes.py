"""A run's minutes: what it has used and has left, what leaving takes of them, and how many a budget could pay for."""

from decimal import Decimal

from budgets.models import Price
from runs.billing import SECONDS_PER_HOUR, cost_of
from runs.models import Run
from runs.verdicts import Stop

SECONDS_PER_MINUTE = 60
SECONDS_BETWEEN_BEATS = 0.5
# How long a trainer may take to save and leave. A cancelled one saves for nobody, and people wait for it; one that is
# handed over saves what the next attempt resumes from, before who stops the worker loses patience (8 s, embedded).
SECONDS_TO_LEAVE = {Stop.CANCEL: 3.5, Stop.PAUSE: 6.0, Stop.TIME: 5.0, Stop.HAND_OVER: 6.0}
# Leaving belongs to the time limit, so that the hold covers it.
SECONDS_BEFORE_LIMIT = SECONDS_TO_LEAVE[Stop.TIME] + 2 * SECONDS_BETWEEN_BEATS
# An auto-extending run asks for more so early that the answer, yes or no, comes before it must leave.
SECONDS_BEFORE_SHORT = SECONDS_BEFORE_LIMIT + 4.0


def seconds_used(run: Run) -> Decimal:
    """Device seconds of a run's ended attempts."""
    return sum(run.attempts.values_list("device_seconds", flat=True), Decimal(0))


def seconds_left(run: Run) -> Decimal:
    """What a run that nobody carries out has left of its time limit."""
    return run.max_seconds - seconds_used(run)


def cost_per_minute(price: Price) -> Decimal:
    return cost_of(seconds=Decimal(SECONDS_PER_MINUTE), price=price)


def minutes_that_fit(*, money: Decimal, price: Price, num_runs: int = 1) -> int | None:
    """How many whole minutes an amount pays for, for each of a number of runs; None where they are free."""
    if not price.rate:
        return None
    minutes = int(money * SECONDS_PER_HOUR / (price.rate * SECONDS_PER_MINUTE * num_runs))
    # Amounts are rounded to a millionth, which may be what is missing for the last minute.
    while minutes and cost_of(seconds=Decimal(minutes * SECONDS_PER_MINUTE), price=price) * num_runs > money:
        minutes -= 1
    return minutes
