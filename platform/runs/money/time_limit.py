"""A run's minutes: what it has used and has left, and how many a budget could pay for."""

from decimal import Decimal

from budgets.models import Price
from runs.models import Run
from runs.money.billing import SECONDS_PER_HOUR, cost_of

SECONDS_PER_MINUTE = 60


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
