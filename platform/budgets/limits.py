"""What managers decide of a budget: its limit, its caps and its alerts."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django.db import transaction

from accounts.audit import record
from accounts.models import User
from accounts.permissions import Action, require
from budgets.models import Budget, BudgetStop, Cap, Kind, Path, PriceBook
from budgets.money import amount_text, parse_amount
from budgets.rooms import used
from budgets.rows import end_stop, lock, stop_if_spent, tell_of_thresholds

MOST_THRESHOLDS = 20


class LimitTooLow(ValueError):
    """A limit cannot fall below what is spent and held."""


class StaleEdit(ValueError):
    """Somebody else changed the same value meanwhile; nothing was changed."""


def open_budget(*, actor: User, name: str, limit: Decimal | str, price_book: PriceBook) -> Budget:
    """Open a budget in its price book's currency. Raises: Forbidden; ValueError (limit)."""
    require(actor=actor, action=Action.SET_BUDGET)
    amount = parse_amount(limit, name="limit", allow_zero=True)
    with transaction.atomic():
        budget = Budget.objects.create(name=name, limit=amount, price_book=price_book, currency=price_book.currency)
        _record(actor, budget, "budget.open", before={}, after={"limit": str(amount), "currency": budget.currency})
    return budget


@transaction.atomic
def set_limit(*, actor: User, budget: Budget, limit: Decimal | str, expected_limit: Decimal | None = None) -> Budget:
    """Raise or lower a budget's limit. Raising it ends a stop that came because nothing was left.

    Parameters: `expected_limit` the limit that the person saw; another one means somebody was quicker.
    Raises: Forbidden; LimitTooLow; StaleEdit; ValueError (limit).
    """
    require(actor=actor, action=Action.SET_BUDGET)
    amount = parse_amount(limit, name="limit", allow_zero=True)
    locked = lock(budget)
    _check_unchanged("limit", expected_limit, locked.limit)
    if amount < locked.spent + locked.held:
        raise LimitTooLow(
            f"limit: {amount_text(amount)} is less than the {amount_text(locked.spent + locked.held)} "
            f"{locked.currency} already spent and held."
        )
    return _change_limit(actor, locked, amount)


@transaction.atomic
def top_up(*, actor: User, budget: Budget, amount: Decimal | str, expected_limit: Decimal | None = None) -> Budget:
    """Add to a budget's limit; a stop that came because nothing was left ends.

    Parameters: `amount` > 0; `expected_limit` as in set_limit, so that a form sent twice adds once.
    Raises: Forbidden; StaleEdit; ValueError (amount, or the new limit is more than an amount can be).
    """
    require(actor=actor, action=Action.SET_BUDGET)
    more = parse_amount(amount, name="amount")
    locked = lock(budget)
    _check_unchanged("amount", expected_limit, locked.limit)
    return _change_limit(actor, locked, parse_amount(locked.limit + more, name="amount"))


@transaction.atomic
def set_cap(
    *,
    actor: User,
    budget: Budget,
    limit: Decimal | str,
    path: Path | str = "",
    kind: Kind | str = "",
    expected_limit: Decimal | None = None,
) -> Cap:
    """Cap what one path, or one kind, may take of a budget; an earlier cap on the same is changed.

    Parameters: exactly one of `path` and `kind`; a platform fee counts with the kind that it comes on top of;
    `expected_limit` the cap that the person saw.
    Raises: Forbidden; LimitTooLow (more is spent and held of it already); StaleEdit; ValueError (limit, path, kind).
    """
    require(actor=actor, action=Action.SET_BUDGET)
    if bool(path) == bool(kind):
        raise ValueError("path: cap a path or a kind, one of them.")
    if kind == Kind.PLATFORM_FEE:
        raise ValueError("kind: a platform fee comes on top of another kind; cap that kind, or the path.")
    path, kind = path and Path(path), kind and Kind(kind)
    amount = parse_amount(limit, name="limit", allow_zero=True)
    locked = lock(budget)
    there = Cap.objects.filter(budget=locked, path=path, kind=kind).first()
    if there:
        _check_unchanged("limit", expected_limit, there.limit)
    before = {"limit": str(there.limit)} if there else {}
    cap = there or Cap(budget=locked, path=path, kind=kind)
    cap.limit = amount
    taken = used(cap=cap)
    if amount < taken:
        raise LimitTooLow(
            f"limit: {amount_text(amount)} is less than the {amount_text(taken)} {locked.currency} already spent and "
            "held of it."
        )
    cap.save()
    _record(actor, locked, "budget.cap", before=before, after={"limit": str(amount)}, part=str(cap))
    return cap


@transaction.atomic
def remove_cap(*, actor: User, cap: Cap) -> None:
    """Lift a cap. Removing one that is gone changes nothing. Raises: Forbidden."""
    require(actor=actor, action=Action.SET_BUDGET)
    locked = lock(cap.budget)
    there = Cap.objects.filter(pk=cap.pk).first()
    if there is not None:
        there.delete()
        _record(actor, locked, "budget.cap", before={"limit": str(there.limit)}, after={}, part=str(cap))


@transaction.atomic
def set_thresholds(*, actor: User, budget: Budget, percents: Sequence[int]) -> Budget:
    """Choose at which parts of the limit people are told.

    Parameters: `percents` whole numbers from 1 to 100, at most 20; repeated ones count once.
    Raises: Forbidden; ValueError (percents).
    """
    require(actor=actor, action=Action.SET_BUDGET)
    chosen = sorted(set(percents))
    if len(chosen) > MOST_THRESHOLDS or any(not 1 <= percent <= 100 for percent in chosen):
        raise ValueError(f"thresholds: give at most {MOST_THRESHOLDS} whole percents from 1 to 100.")
    locked = lock(budget)
    before, locked.thresholds = locked.thresholds, chosen
    locked.save(update_fields=["thresholds"])
    if before != chosen:
        _record(actor, locked, "budget.thresholds", before={"percents": before}, after={"percents": chosen})
    return locked


def _change_limit(actor: User, locked: Budget, amount: Decimal) -> Budget:
    before, locked.limit = locked.limit, amount
    locked.save(update_fields=["limit"])
    if before == amount:
        return locked
    _record(actor, locked, "budget.limit", before={"limit": str(before)}, after={"limit": str(amount)})
    if amount < before:
        tell_of_thresholds(locked, before=_share_before(locked, before))
        stop_if_spent(locked)
    elif is_exhausted(locked):
        end_stop(locked, actor=actor)
    return locked


def is_exhausted(budget: Budget) -> bool:
    """Whether the active stop came because nothing was left."""
    return budget.stops.filter(ended_at__isnull=True, cause=BudgetStop.Cause.EXHAUSTED).exists()


def _share_before(budget: Budget, limit: Decimal) -> Decimal:
    """What is spent, as if it were the same part of the new limit that it was of the old one."""
    return budget.spent * budget.limit / limit if limit else budget.spent


def _check_unchanged(name: str, expected: Decimal | None, found: Decimal) -> None:
    if expected is not None and expected != found:
        raise StaleEdit(
            f"{name}: the limit is {amount_text(found)} now; it was {amount_text(expected)} when you opened the page. "
            "Somebody changed it meanwhile, or this form was sent before. Look again, then decide."
        )


def _record(
    actor: User, budget: Budget, action: str, *, before: dict[str, Any], after: dict[str, Any], part: str = ""
) -> None:
    record(
        actor=actor,
        action=action,
        subject=f"Budget “{budget}”" + (f", {part.lower()}" if part else ""),
        subject_id=budget.pk,
        budget_id=budget.pk,
        before=before,
        after=after,
    )
