"""Holding the worst case of runs that are about to start, or saying what would fit."""

from collections.abc import Sequence
from decimal import Decimal

from budgets.cost_kinds import CostKind
from budgets.ledger import BudgetExceeded, CapExceeded, HoldRequest, headroom, place_holds
from budgets.models import Budget, Path, Price
from runs.models import Run
from runs.money.billing import cost_of
from runs.money.time_limit import minutes_that_fit


class WorstCaseDoesNotFit(BudgetExceeded):
    """The budget cannot hold the worst case of a run or a chain; it says how much is missing and what would fit."""

    def __init__(self, *, refusal: BudgetExceeded, wanted: Decimal, left: Decimal, fitting: str) -> None:
        where = f" under its cap for {str(refusal.cap).lower()}" if isinstance(refusal, CapExceeded) else ""
        super().__init__(budget=refusal.budget, wanted=wanted, left=left, where=where)
        self.args = (f"{self} {fitting}",)


def hold_worst_case(*, budget: Budget, runs: Sequence[Run], price: Price, path: Path) -> None:
    """Hold each run's time limit at the price of a device hour, for all of them or for none.

    Raises: WorstCaseDoesNotFit; BudgetStopped.
    """
    requests = [
        HoldRequest(source_key=run.source_key, amount=_worst_case(run, price), price=price, path=path) for run in runs
    ]
    try:
        holds = place_holds(budget=budget, requests=requests)
    except BudgetExceeded as refusal:
        left = headroom(budget=budget, path=path, kind=CostKind.DEVICE_HOUR)
        wanted = sum((request.total for request in requests), Decimal(0))
        fitting = fitting_text(
            num_minutes=minutes_that_fit(money=left, price=price, num_runs=len(runs)), num_runs=len(runs)
        )
        raise WorstCaseDoesNotFit(refusal=refusal, wanted=wanted, left=left, fitting=fitting) from refusal
    for run, hold in zip(runs, holds, strict=True):
        run.hold = hold
        run.save(update_fields=["hold"])


def fitting_text(*, num_minutes: int | None, num_runs: int) -> str:
    """What would fit, as a sentence."""
    whose = "" if num_runs == 1 else f" for each of the {num_runs} runs"
    if not num_minutes:
        return f"Not even one minute{whose} would fit."
    return f"At most {num_minutes:,} minute{'s' if num_minutes > 1 else ''}{whose} would fit."


def _worst_case(run: Run, price: Price) -> Decimal:
    return cost_of(seconds=Decimal(run.max_seconds), price=price)
