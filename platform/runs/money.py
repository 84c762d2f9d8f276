"""What a run costs: its time limit, the hold for it, and the bill of each attempt."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from budgets.cost_kinds import CostKind
from budgets.ledger import BudgetExceeded, CapExceeded, Cost, HoldRequest, headroom, place_holds, release, settle
from budgets.models import Budget, Hold, LedgerEntry, Origin, Path, Price
from budgets.money import amount_text, hours_of, quantize
from runs.models import Attempt, Ending, Run

MILLISECOND = Decimal("0.001")
SECONDS_PER_MINUTE = 60
SECONDS_PER_HOUR = 3600


class WorstCaseDoesNotFit(BudgetExceeded):
    """The budget cannot hold the worst case of a run or a chain; it says how much is missing and what would fit."""

    def __init__(self, *, refusal: BudgetExceeded, wanted: Decimal, left: Decimal, fitting: str) -> None:
        where = f" under its cap for {str(refusal.cap).lower()}" if isinstance(refusal, CapExceeded) else ""
        super().__init__(budget=refusal.budget, wanted=wanted, left=left, where=where)
        self.args = (f"{self} {fitting}",)


def seconds_of(value: float) -> Decimal:
    """Round a duration in seconds to the millisecond that is stored; never below zero."""
    return max(Decimal(value), Decimal(0)).quantize(MILLISECOND)


def cost_of(*, seconds: Decimal, price: Price) -> Decimal:
    return quantize(seconds * price.rate / SECONDS_PER_HOUR)


def cost_per_minute(price: Price) -> Decimal:
    return cost_of(seconds=Decimal(SECONDS_PER_MINUTE), price=price)


def seconds_used(run: Run) -> Decimal:
    return sum(run.attempts.values_list("device_seconds", flat=True), Decimal(0))


def seconds_left(run: Run) -> Decimal:
    """What a run that nobody carries out has left of its time limit."""
    return run.max_seconds - seconds_used(run)


def minutes_that_fit(*, money: Decimal, price: Price, num_runs: int = 1) -> int | None:
    """How many whole minutes an amount pays for, for each of a number of runs; None where they are free."""
    if not price.rate:
        return None
    minutes = int(money * SECONDS_PER_HOUR / (price.rate * SECONDS_PER_MINUTE * num_runs))
    # Amounts are rounded to a millionth, which may be what is missing for the last minute.
    while minutes and cost_of(seconds=Decimal(minutes * SECONDS_PER_MINUTE), price=price) * num_runs > money:
        minutes -= 1
    return minutes


def fitting_text(*, num_minutes: int | None, num_runs: int) -> str:
    whose = "" if num_runs == 1 else f" for each of the {num_runs} runs"
    if not num_minutes:
        return f"Not even one minute{whose} would fit."
    return f"At most {num_minutes:,} minute{'s' if num_minutes > 1 else ''}{whose} would fit."


def hold_worst_case(*, budget: Budget, runs: Sequence[Run], price: Price, path: Path) -> None:
    """Hold each run's time limit at the price of a device hour, for all of them or for none.

    Raises: WorstCaseDoesNotFit; BudgetStopped.
    """
    requests = [
        HoldRequest(
            source_key=run.source_key,
            amount=cost_of(seconds=Decimal(run.max_seconds), price=price),
            price=price,
            path=path,
        )
        for run in runs
    ]
    try:
        holds = place_holds(budget=budget, requests=requests)
    except BudgetExceeded as refusal:
        left = headroom(budget=budget, path=path, kind=CostKind.DEVICE_HOUR)
        wanted = sum((request.total for request in requests), Decimal(0))
        num_minutes = minutes_that_fit(money=left, price=price, num_runs=len(runs))
        fitting = fitting_text(num_minutes=num_minutes, num_runs=len(runs))
        raise WorstCaseDoesNotFit(refusal=refusal, wanted=wanted, left=left, fitting=fitting) from refusal
    for run, hold in zip(runs, holds, strict=True):
        run.hold = hold
        run.save(update_fields=["hold"])


def bill(*, attempt: Attempt, hold: Hold, ended_at: datetime, close: bool, used: str = "") -> LedgerEntry | None:
    """Enter what an attempt cost, once; with `close`, give back what the run leaves of its hold.

    Call it with the run's row locked. The memo has `used`: what the attempt used besides device time. Billed is at
    most what the hold has left; the time limit keeps that enough, and the memo says so where it was not.
    """
    hold.refresh_from_db()
    if attempt.device_seconds == 0:
        if close:
            release(hold=hold, reason="the run ended")
        return None
    full = cost_of(seconds=attempt.device_seconds, price=hold.price)
    amount = min(full, hold.remaining)
    capped = f"; billed up to its hold, {amount_text(full - amount)} more was used" if amount < full else ""
    work = f"{attempt.run.get_kind_display()}, {attempt.device_seconds} s on {attempt.run.device}{_of_which(attempt)}"
    cost = Cost(
        source_key=attempt.source_key,
        work_key=attempt.run.source_key,
        quantity=hours_of(int(attempt.device_seconds * 1_000_000)),
        amount=amount,
        origin=Origin.COMPUTE,
        occurred_at=ended_at,
        memo=f"{work}{f', {used}' if used else ''}{capped}"[:200],
    )
    return settle(hold=hold, cost=cost, close=close)


def _of_which(attempt: Attempt) -> str:
    """What part of the device time was idle or lost; empty where it is not known."""
    if attempt.ending in Ending.wasted():
        return f", lost ({attempt.ending})"
    if attempt.working_seconds is None:
        return ""
    return f", {max(float(attempt.device_seconds) - attempt.working_seconds, 0.0):.3f} s of it idle"
