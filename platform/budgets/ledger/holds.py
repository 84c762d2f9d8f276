"""Setting money aside for the worst case of what is about to start, and giving back what is left."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.db import transaction
from django.utils import timezone

from budgets.ledger.capacity import BudgetExceeded, BudgetStopped, Headroom
from budgets.ledger.keys import check_key
from budgets.ledger.locked_budget import hold_more, lock
from budgets.models import Budget, Hold, Path, Price
from budgets.money import ZERO, amount_text, check_cost, quantize
from config.refusals import Refusal


class SourceKeyReused(Exception):
    """The same source key was used with another amount: an error of the caller, refused so that no cent is lost."""


class HoldClosed(Refusal):
    """A closed hold takes no more charges."""


@dataclass(frozen=True, kw_only=True)
class HoldRequest:
    """A hold to be placed: the worst case of one thing, before its platform fee where one is due.

    `price` is the one that was quoted, used again at settlement; `fee` the price of the platform fee on top.
    """

    source_key: str
    amount: Decimal
    price: Price
    path: Path | str = ""
    fee: Price | None = None

    def __post_init__(self) -> None:
        check_key(self.source_key)
        check_cost(self.amount, name="amount")

    @property
    def total(self) -> Decimal:
        return with_fee(self.amount, self.fee)


def with_fee(amount: Decimal, fee: Price | None) -> Decimal:
    """An amount as it is entered, and the platform fee on top of it."""
    amount = quantize(amount)
    return amount + (fee.cost(amount) if fee else ZERO)


@transaction.atomic
def place_holds(*, budget: Budget, requests: Sequence[HoldRequest], as_many_as_fit: bool = False) -> list[Hold]:
    """Set money aside for several things at once, under one lock: all, or with `as_many_as_fit` the first that fit.

    Returns the holds in the order of `requests`; a source key that holds already, or was settled, keeps its hold.
    Raises BudgetExceeded, CapExceeded or BudgetStopped where not all of them fit (or not even the first), HoldClosed
    where a key's hold was released before anything was charged, SourceKeyReused where it has another amount.
    """
    locked = lock(budget)
    keys = [request.source_key for request in requests]
    there = {hold.source_key: hold for hold in locked.holds.filter(source_key__in=keys)}
    left = Headroom(locked)
    holds: list[Hold] = []
    new: list[Hold] = []
    for request in requests:
        hold = there.get(request.source_key)
        if hold is None:
            try:
                left.check(amount=request.total, path=request.path, kind=request.price.kind)
            except (BudgetExceeded, BudgetStopped):
                if as_many_as_fit and holds:
                    break
                raise
            left.take(amount=request.total, path=request.path, kind=request.price.kind)
            hold = there[request.source_key] = _new(locked, request)
            new.append(hold)
        _check_same(hold, request)
        holds.append(hold)
    Hold.objects.bulk_create(new)
    hold_more(locked, sum((hold.amount for hold in new), ZERO))
    return holds


@transaction.atomic
def extend_hold(*, hold: Hold, amount: Decimal) -> Hold:
    """Add an amount, fee included, to an open hold. Raises BudgetExceeded, CapExceeded, BudgetStopped, HoldClosed."""
    check_cost(amount, name="amount")
    budget = lock(hold.budget)
    held = open_hold(hold)
    amount = quantize(amount)
    Headroom(budget).check(amount=amount, path=held.path, kind=held.kind)
    grow(held, amount)
    held.remaining += amount
    held.save(update_fields=["amount", "extended", "remaining"])
    hold_more(budget, amount)
    return held


@transaction.atomic
def release(*, hold: Hold, reason: str) -> Hold:
    """Give back what is left of a hold. Releasing a closed hold changes nothing."""
    budget = lock(hold.budget)
    held = Hold.objects.select_for_update(no_key=True).get(pk=hold.pk)
    if held.closed_at is None:
        close(budget=budget, hold=held, reason=reason)
    return held


def open_hold(hold: Hold) -> Hold:
    """The hold's locked row. Raises HoldClosed."""
    rows = Hold.objects.select_for_update(no_key=True, of=("self",)).select_related("price", "fee")
    held = rows.get(pk=hold.pk)
    if held.closed_at is not None:
        raise HoldClosed(f"{held.source_key} was closed at {held.closed_at}: {held.close_reason}.")
    return held


def grow(hold: Hold, amount: Decimal) -> None:
    """Count more as set aside by a locked hold; what it was placed for stays known."""
    hold.amount += amount
    hold.extended += amount


def close(*, budget: Budget, hold: Hold, reason: str) -> None:
    """Close a locked hold of a locked budget."""
    hold_more(budget, -hold.remaining)
    hold.remaining = ZERO
    hold.closed_at = timezone.now()
    hold.close_reason = reason[:200]
    hold.save(update_fields=["remaining", "closed_at", "close_reason"])


def _check_same(hold: Hold, request: HoldRequest) -> None:
    placed_for = hold.amount - hold.extended
    if placed_for != request.total:
        raise SourceKeyReused(
            f"{request.source_key} already has a hold of {amount_text(placed_for)}, not {amount_text(request.total)}."
        )
    if hold.closed_at is not None and not hold.entries.exists():
        raise HoldClosed(
            f"The hold {hold.source_key} was released: {hold.close_reason}. Use a new source key to start again."
        )


def _new(budget: Budget, request: HoldRequest) -> Hold:
    return Hold(
        budget=budget,
        source_key=request.source_key,
        kind=request.price.kind,
        path=request.path,
        price=request.price,
        fee=request.fee,
        amount=request.total,
        remaining=request.total,
    )
