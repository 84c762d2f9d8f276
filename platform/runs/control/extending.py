"""More minutes for a run: given by a person, or taken by an auto-extending run while its budget has money."""

from decimal import Decimal

from django.db import transaction

from accounts.audit import record
from accounts.models import User
from accounts.permissions import Action, require
from budgets.cost_kinds import CostKind
from budgets.ledger import BudgetExceeded, BudgetStopped, extend_hold, headroom
from budgets.limits import exhaust
from budgets.models import Budget, Price
from budgets.money import amount_text
from config.refusals import Refusal
from runs.execution import enqueue, locked
from runs.models import Run, RunState
from runs.money import SECONDS_PER_MINUTE, cost_of, cost_per_minute, minutes_that_fit
from runs.requests import RunPlan, settings_of

_TRIES = 3


class RunOver(Refusal):
    """The run has ended, or is about to."""


@transaction.atomic
def extend(*, actor: User, run: Run, minutes: int) -> Run:
    """Give a run more minutes, 1 to 10,080 (a week), hold their price, and resume it if it waited for them.

    Raises: Forbidden; RunOver; BudgetExceeded, CapExceeded (what is missing); BudgetStopped; Refusal (minutes).
    """
    require(actor=actor, action=Action.START_RUN)
    if fault := settings_of(RunPlan)["max_minutes"].fault(minutes):
        raise Refusal(fault, field="minutes")
    ours = locked(run)
    if ours.is_ended or ours.cancel_requested_at is not None:
        raise RunOver(f"{ours} has ended or is being cancelled. Start another one with more minutes.")
    _add(ours, minutes, actor=actor)
    if ours.state == RunState.PAUSED and ours.pause_requested_at is None:
        enqueue(ours)
    return ours


@transaction.atomic
def extend_automatically(*, run_id: int) -> int:
    """Give an auto-extending run its first minutes again, or as many as its budget has money for.

    A budget without money for one more minute is stopped, unless only a cap is in the way.
    Returns: the run's time limit in seconds.
    """
    run = locked(Run(pk=run_id))
    is_leaving = run.is_ended or run.cancel_requested_at is not None or run.pause_requested_at is not None
    if run.go_on and not is_leaving and not run.study.budget.is_stopped:
        _extend_as_affordable(run)
    return run.max_seconds


def _extend_as_affordable(run: Run) -> None:
    assert run.hold is not None
    budget, price = run.study.budget, run.hold.price
    for _ in range(_TRIES):
        minutes = _affordable(run, price)
        if not minutes:
            _stop_without_money(run, budget, price)
            return
        try:
            _add(run, minutes, actor=None)
            return
        except BudgetStopped:
            return
        except BudgetExceeded:  # another run was quicker; a smaller number may fit
            continue


def _affordable(run: Run, price: Price) -> int:
    minutes = max(run.first_seconds // SECONDS_PER_MINUTE, 1)
    money = headroom(budget=run.study.budget, path=run.path, kind=CostKind.DEVICE_HOUR)
    fitting = minutes_that_fit(money=money, price=price)
    return minutes if fitting is None else min(minutes, fitting)


def _stop_without_money(run: Run, budget: Budget, price: Price) -> None:
    left = headroom(budget=budget)
    if minutes_that_fit(money=left, price=price):
        return
    needed = f"{amount_text(cost_per_minute(price))} {budget.currency}"
    reason = f"{run} of “{run.study.name[:80]}” needs {needed} for each further minute, and {amount_text(left)} is left"
    exhaust(budget=budget, reason=reason)


def _add(run: Run, minutes: int, *, actor: User | None) -> None:
    """Hold the price of more minutes of a locked run, so that its hold stays the price of its time limit."""
    assert run.hold is not None
    before, after, price = run.max_seconds, run.max_seconds + minutes * SECONDS_PER_MINUTE, run.hold.price
    more = cost_of(seconds=Decimal(after), price=price) - cost_of(seconds=Decimal(before), price=price)
    run.hold = extend_hold(hold=run.hold, amount=more)
    run.max_seconds = after
    run.extended_seconds += minutes * SECONDS_PER_MINUTE
    run.save(update_fields=["max_seconds", "extended_seconds"])
    record(
        actor=actor,
        action="run.extend",
        subject=f"{run} of “{run.study}”",
        subject_id=run.pk,
        budget_id=run.study.budget_id,
        before={"max_minutes": before / SECONDS_PER_MINUTE},
        after={"max_minutes": after / SECONDS_PER_MINUTE, "held": more},
    )
