"""Stopping all that a budget pays for, and resuming it.

A stop is in the budget's row. Nobody is told by message: whoever spends looks at the row, runs at every beat and
labelling every few seconds, so that a lost message or a crash cannot leave anything spending.
"""

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from accounts.permissions import Action, require
from budgets.ledger import begin_stop, end_stop, lock
from budgets.limits.limit_requests import record_change
from budgets.models import Budget, BudgetStop
from budgets.money import amount_text
from config.refusals import Refusal


class NothingLeft(Refusal):
    """A budget that stopped because nothing was left resumes only with more money."""


class BudgetArchived(Refusal):
    """What the budget pays for is archived; it spends nothing until it is unarchived."""


@transaction.atomic
def stop_everything(*, actor: User, budget: Budget, reason: str) -> Budget:
    """Stop all that a budget pays for; `reason` is shown on its pages. A stopped budget stays as it is."""
    require(actor=actor, action=Action.SET_BUDGET)
    if not reason.strip():
        raise Refusal("give a reason for the stop; it is shown on the study's pages.", field="reason")
    locked = lock(budget)
    if begin_stop(locked, cause=BudgetStop.Cause.FROZEN, reason=reason.strip(), actor=actor):
        after = {"stopped": True, "reason": reason.strip()}
        record_change(locked, actor, "budget.stop", before={"stopped": False}, after=after)
    return locked


@transaction.atomic
def exhaust(*, budget: Budget, reason: str) -> Budget:
    """Stop a budget because work in progress needs more than it has; `reason` says what needed how much."""
    locked = lock(budget)
    begin_stop(locked, cause=BudgetStop.Cause.EXHAUSTED, reason=reason)
    return locked


@transaction.atomic
def resume(*, actor: User, budget: Budget) -> Budget:
    """End a stop, if one is active. Raises NothingLeft where the budget needs a top-up first, or BudgetArchived."""
    require(actor=actor, action=Action.SET_BUDGET)
    locked = lock(budget)
    if locked.archived_at is not None:
        raise BudgetArchived(f"“{locked}” is archived and spends nothing. Unarchive it first.")
    stop = locked.active_stop
    if stop is not None and stop.needs_top_up:
        raise NothingLeft(
            f"“{locked}” has nothing left: {amount_text(locked.held)} is held and the rest is spent. Top it up."
        )
    if end_stop(locked, actor=actor):
        record_change(locked, actor, "budget.resume", before={"stopped": True}, after={"stopped": False})
    return locked


@transaction.atomic
def archive_budget(*, actor: User, budget: Budget) -> Budget:
    """Stop a budget until it is unarchived; no resume and no top-up ends that stop. May be repeated."""
    stopped = stop_everything(actor=actor, budget=budget, reason="It was archived")
    if stopped.archived_at is None:
        stopped.archived_at = timezone.now()
        stopped.save(update_fields=["archived_at"])
    return stopped


@transaction.atomic
def unarchive_budget(*, actor: User, budget: Budget) -> Budget:
    """Let a budget be resumed and topped up again; it stays stopped until then."""
    require(actor=actor, action=Action.SET_BUDGET)
    locked = lock(budget)
    locked.archived_at = None
    locked.save(update_fields=["archived_at"])
    return locked
