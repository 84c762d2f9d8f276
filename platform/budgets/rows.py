"""The budget's locked row and what moves it: used by every operation on money, and by nothing else."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from django.db.models import F
from django.utils import timezone

from accounts.models import User
from budgets.models import Budget, BudgetStop, LedgerEntry, Tally
from budgets.money import ZERO
from notices.models import NoticeKind
from notices.operations import notify


def lock(budget: Budget) -> Budget:
    """The budget as it is now; nobody else moves it until our transaction ends."""
    return Budget.objects.select_for_update().get(pk=budget.pk)


def hold_more(budget: Budget, amount: Decimal) -> None:
    """Move what a locked budget holds; a negative amount goes back."""
    budget.held += amount
    budget.save(update_fields=["held"])


def spend(budget: Budget, *, amount: Decimal, from_hold: Decimal = ZERO) -> None:
    """Move an amount into what a locked budget has spent, and tell of the thresholds that this crosses.

    A budget that is spent to its limit stops by itself.
    """
    before = budget.spent
    budget.held -= from_hold
    budget.spent += amount
    budget.save(update_fields=["held", "spent"])
    if amount > 0:
        tell_of_thresholds(budget, before=before)
        if budget.spent == budget.limit:
            begin_stop(budget, cause=BudgetStop.Cause.EXHAUSTED, reason="All of it is spent")


def enter(**values: Any) -> LedgerEntry:
    """Write an entry and add it to its tally, under the budget's lock."""
    entry = LedgerEntry.objects.create(**values)
    key = {
        "budget_id": entry.budget_id,
        "month": month_of(entry.occurred_at),
        "path": entry.path,
        "kind": entry.kind,
        "origin": entry.origin,
        "price_id": entry.price_id,
        "payee_id": entry.payee_id,
        "work_key": entry.work_key,
    }
    added = Tally.objects.filter(**key).update(
        amount=F("amount") + entry.amount, quantity=F("quantity") + entry.quantity, num_entries=F("num_entries") + 1
    )
    if not added:
        Tally.objects.create(**key, amount=entry.amount, quantity=entry.quantity, num_entries=1)
    return entry


def month_of(at: datetime) -> date:
    return at.astimezone(UTC).date().replace(day=1)


def tell_of_thresholds(budget: Budget, *, before: Decimal) -> None:
    """Tell of each threshold that lies between what was spent before and now; once per limit."""
    for percent in budget.thresholds:
        threshold = budget.limit * percent / 100
        if before < threshold <= budget.spent:
            notify(
                key=f"budget:{budget.pk}:threshold:{percent}:of:{budget.limit}",
                kind=NoticeKind.BUDGET_THRESHOLD,
                title=f"{percent} % of “{budget}” is spent",
                body=f"{budget.spent:.2f} of {budget.limit:.2f} {budget.currency} are spent, {budget.held:.2f} held.",
                path=page_of(budget),
            )


def begin_stop(budget: Budget, *, cause: BudgetStop.Cause, reason: str, actor: User | None = None) -> BudgetStop | None:
    """Stop a locked budget and tell of it; None where a stop stands already."""
    if budget.is_stopped:
        return None
    budget.stopped_at = timezone.now()
    budget.save(update_fields=["stopped_at"])
    stop = BudgetStop.objects.create(
        budget=budget, cause=cause, reason=reason[:300], started_at=budget.stopped_at, started_by=actor
    )
    notify(
        key=f"budget:{budget.pk}:stop:{stop.pk}",
        kind=NoticeKind.BUDGET_STOPPED,
        title=f"“{budget}” is stopped",
        body=f"{reason.rstrip('.')}. Labelling is withdrawn and training pauses, until a top-up or a resume.",
        path=page_of(budget),
    )
    return stop


def end_stop(budget: Budget, *, actor: User) -> BudgetStop | None:
    """End the stop of a locked budget and tell of it; None where none stands."""
    if not budget.is_stopped:
        return None
    stop = BudgetStop.objects.get(budget=budget, ended_at__isnull=True)
    stop.ended_at, stop.ended_by = timezone.now(), actor
    stop.save(update_fields=["ended_at", "ended_by"])
    budget.stopped_at = None
    budget.save(update_fields=["stopped_at"])
    notify(
        key=f"budget:{budget.pk}:resume:{stop.pk}",
        kind=NoticeKind.BUDGET_RESUMED,
        title=f"“{budget}” goes on",
        body=f"{actor.email} ended the stop. Withdrawn examples are offered again and paused runs go on.",
        path=page_of(budget),
    )
    return stop


def page_of(budget: Budget) -> str:
    return f"/budgets/{budget.pk}/"
