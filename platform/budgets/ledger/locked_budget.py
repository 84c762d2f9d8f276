"""The budget's locked row and what moves it: used by every operation on money, and by nothing else."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from django.db.models import F
from django.utils import timezone

from accounts.models import User
from budgets.models import Budget, BudgetStop, LedgerEntry, Tally
from budgets.money import ZERO, amount_text
from notices.models import NoticeKind
from notices.operations import notify


def lock(budget: Budget) -> Budget:
    """The budget as it is now; no other transaction moves it until ours ends.

    The lock lets rows that only name the budget be written meanwhile: whoever sets a price for it, with the price book
    locked, does not wait for us, while a re-pricing of ours may wait for the price book.
    """
    return Budget.objects.select_for_update(no_key=True).get(pk=budget.pk)


def hold_more(budget: Budget, amount: Decimal) -> None:
    """Move what a locked budget holds; a negative amount goes back."""
    budget.held += amount
    budget.save(update_fields=["held"])


def spend(budget: Budget, *, amount: Decimal, from_hold: Decimal = ZERO) -> None:
    """Move an amount into what a locked budget has spent; notify of thresholds crossed; stop it where none is left."""
    before = budget.spent
    budget.held -= from_hold
    budget.spent += amount
    budget.save(update_fields=["held", "spent"])
    if amount > 0:
        notify_thresholds(budget, before=before)
    stop_if_spent(budget)


def stop_if_spent(budget: Budget) -> None:
    """Stop a locked budget that is spent to its limit; one of nothing at all has nothing that could be spent."""
    if 0 < budget.spent == budget.limit:
        begin_stop(budget, cause=BudgetStop.Cause.EXHAUSTED, reason="All of it is spent")


def enter(**values: Any) -> LedgerEntry:
    """Write an entry and add it to its tally, under the budget's lock."""
    (entry,) = enter_all([LedgerEntry(**values)])
    return entry


def enter_all(entries: Sequence[LedgerEntry]) -> list[LedgerEntry]:
    """Write entries and add them to their tallies, under the locks of their budgets."""
    written = LedgerEntry.objects.bulk_create(entries, batch_size=1000)
    by_key: dict[tuple[object, ...], list[LedgerEntry]] = {}
    for entry in written:
        ours = {"month": month_of(entry.occurred_at), "fee_on_kind": entry.fee_on.kind if entry.fee_on else ""}
        key = tuple(ours[name] if name in ours else getattr(entry, name) for name in Tally.KEY)
        by_key.setdefault(key, []).append(entry)
    for key, together in by_key.items():
        named: dict[str, Any] = dict(zip(Tally.KEY, key, strict=True))
        sums = {name: sum((getattr(entry, name) for entry in together), ZERO) for name in ("amount", "quantity")}
        added = {"num_entries": len(together), **sums}
        if not Tally.objects.filter(**named).update(**{name: F(name) + value for name, value in added.items()}):
            Tally.objects.create(**named, **added)
    return written


def month_of(at: datetime) -> date:
    return at.astimezone(UTC).date().replace(day=1)


def notify_thresholds(budget: Budget, *, before: Decimal) -> None:
    """Notify of each threshold that lies between what was spent before and now; once per limit."""
    for percent in budget.thresholds:
        threshold = budget.limit * percent / 100
        if before < threshold <= budget.spent:
            notify(
                key=f"budget:{budget.pk}:threshold:{percent}:of:{budget.limit}",
                kind=NoticeKind.BUDGET_THRESHOLD,
                title=f"{percent} % of “{budget}” is spent",
                body=f"{amount_text(budget.spent)} of {amount_text(budget.limit)} {budget.currency} is spent and "
                f"{amount_text(budget.held)} is held.",
                path=budget.page,
            )


def begin_stop(budget: Budget, *, cause: BudgetStop.Cause, reason: str, actor: User | None = None) -> BudgetStop | None:
    """Stop a locked budget and notify; None where one is active already."""
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
        body=f"{reason.rstrip('.')}. Published examples are withdrawn and training pauses until the budget is "
        "topped up or resumed.",
        path=budget.page,
    )
    return stop


def end_stop(budget: Budget, *, actor: User) -> BudgetStop | None:
    """End the stop of a locked budget and notify; None where none is active."""
    stop = budget.active_stop
    if stop is None:
        return None
    stop.ended_at, stop.ended_by = timezone.now(), actor
    stop.save(update_fields=["ended_at", "ended_by"])
    budget.stopped_at = None
    budget.save(update_fields=["stopped_at"])
    notify(
        key=f"budget:{budget.pk}:resume:{stop.pk}",
        kind=NoticeKind.BUDGET_RESUMED,
        title=f"“{budget}” is resumed",
        body=f"{actor.email} ended the stop. Withdrawn examples are republished and paused runs are queued.",
        path=budget.page,
    )
    return stop
