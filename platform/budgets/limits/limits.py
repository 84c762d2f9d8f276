"""What managers decide of a budget: its limit, its caps and its alerts."""

from collections.abc import Sequence
from decimal import Decimal

from django.db import transaction

from accounts.models import User
from accounts.permissions import Action, require
from budgets.cost_kinds import CostKind
from budgets.ledger import lock, used
from budgets.limits.limit_requests import check_unchanged, raise_or_ask, record_change
from budgets.models import Budget, Cap, Path, PriceBook
from budgets.money import amount_text, parse_amount
from config.refusals import Refusal

MOST_THRESHOLDS = 20


class LimitTooLow(Refusal):
    """A limit cannot fall below what is spent and held."""


@transaction.atomic
def open_budget(*, actor: User, name: str, limit: Decimal | str, price_book: PriceBook) -> Budget:
    """Open a budget in its price book's currency.

    Of a limit that takes a second person, the budget opens with what one person may set, and the rest is requested.
    """
    require(actor=actor, action=Action.SET_BUDGET)
    asked = parse_amount(limit, name="limit", allow_zero=True)
    above = price_book.confirm_above
    amount = asked if above is None else min(asked, above)
    budget = Budget.objects.create(name=name, limit=amount, price_book=price_book, currency=price_book.currency)
    record_change(budget, actor, "budget.open", before={}, after={"limit": str(amount), "currency": budget.currency})
    return raise_or_ask(actor, budget, asked)


@transaction.atomic
def rename_budget(*, actor: User, budget: Budget, name: str) -> None:
    require(actor=actor, action=Action.SET_BUDGET)
    Budget.objects.filter(pk=budget.pk).update(name=name)


@transaction.atomic
def set_limit(*, actor: User, budget: Budget, limit: Decimal | str, expected_limit: Decimal | None = None) -> Budget:
    """Raise or lower a budget's limit. Raising it ends a stop that came because nothing was left.

    A limit above the amount that its price book sets for one person is requested; it stays as it is until a second
    person confirms it. Raises LimitRequestWaits where another request is open, StaleEdit where the limit is not
    `expected_limit`, which the person saw.
    """
    require(actor=actor, action=Action.SET_BUDGET)
    amount = parse_amount(limit, name="limit", allow_zero=True)
    locked = lock(budget)
    check_unchanged("limit", expected_limit, locked.limit)
    if amount < locked.spent + locked.held:
        raise LimitTooLow(
            f"{amount_text(amount)} is less than the {amount_text(locked.spent + locked.held)} "
            f"{locked.currency} already spent and held.",
            field="limit",
        )
    return raise_or_ask(actor, locked, amount)


@transaction.atomic
def top_up(*, actor: User, budget: Budget, amount: Decimal | str, expected_limit: Decimal | None = None) -> Budget:
    """Add to a budget's limit, as set_limit does; with `expected_limit`, a form sent twice adds once."""
    require(actor=actor, action=Action.SET_BUDGET)
    more = parse_amount(amount, name="amount")
    locked = lock(budget)
    check_unchanged("amount", expected_limit, locked.limit)
    return raise_or_ask(actor, locked, parse_amount(locked.limit + more, name="amount"))


@transaction.atomic
def set_cap(
    *,
    actor: User,
    budget: Budget,
    limit: Decimal | str,
    path: Path | str = "",
    kind: CostKind | str = "",
    expected_limit: Decimal | None = None,
) -> Cap:
    """Cap what one path, or one kind, may take of a budget; an earlier cap on the same is changed.

    Exactly one of `path` and `kind` is given; a platform fee counts with the kind that it comes on top of. Raises
    LimitTooLow where more is spent and held already, StaleEdit where the cap is not `expected_limit`.
    """
    require(actor=actor, action=Action.SET_BUDGET)
    if bool(path) == bool(kind):
        raise Refusal("give either a path or a cost kind.", field="path")
    if kind == CostKind.PLATFORM_FEE:
        raise Refusal("a platform fee comes on top of another kind; cap that kind, or the path.", field="kind")
    for field, value, choices in (("path", path, Path.values), ("kind", kind, CostKind.values)):
        if value and value not in choices:
            raise Refusal(f"{value!r} is not one of {', '.join(choices)}.", field=field)
    amount = parse_amount(limit, name="limit", allow_zero=True)
    locked = lock(budget)
    there = Cap.objects.filter(budget=locked, path=path, kind=kind).first()
    if there:
        check_unchanged("limit", expected_limit, there.limit)
    before = {"limit": str(there.limit)} if there else {}
    cap = there or Cap(budget=locked, path=path, kind=kind)
    cap.limit = amount
    taken = used(cap=cap)
    if amount < taken:
        raise LimitTooLow(
            f"{amount_text(amount)} is less than the {amount_text(taken)} {locked.currency} already spent and "
            "held under this cap.",
            field="limit",
        )
    cap.save()
    record_change(locked, actor, "budget.cap", before=before, after={"limit": str(amount)}, part=str(cap))
    return cap


@transaction.atomic
def remove_cap(*, actor: User, cap: Cap) -> None:
    """Lift a cap. Removing one that is gone changes nothing."""
    require(actor=actor, action=Action.SET_BUDGET)
    locked = lock(cap.budget)
    there = Cap.objects.filter(pk=cap.pk).first()
    if there is not None:
        there.delete()
        record_change(locked, actor, "budget.cap", before={"limit": str(there.limit)}, after={}, part=str(cap))


@transaction.atomic
def set_thresholds(*, actor: User, budget: Budget, percents: Sequence[int]) -> Budget:
    """Choose at which percents of the limit, 1 to 100 and at most 20 of them, people are notified."""
    require(actor=actor, action=Action.SET_BUDGET)
    chosen = sorted(set(percents))
    if len(chosen) > MOST_THRESHOLDS or any(not 1 <= percent <= 100 for percent in chosen):
        raise Refusal(f"give at most {MOST_THRESHOLDS} whole percents from 1 to 100.", field="thresholds")
    locked = lock(budget)
    before, locked.thresholds = locked.thresholds, chosen
    locked.save(update_fields=["thresholds"])
    if before != chosen:
        record_change(locked, actor, "budget.thresholds", before={"percents": before}, after={"percents": chosen})
    return locked
