"""Entering true costs: against a hold, or without one where the budget has room; and undoing them."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db import transaction
from django.utils import timezone

from accounts.audit import record
from accounts.models import User
from accounts.permissions import Action, require
from budgets.holds import SourceKeyReused, open_hold
from budgets.holds import close as close_hold
from budgets.models import Budget, Hold, Kind, LedgerEntry, Origin, Path, Price
from budgets.money import ZERO, quantize
from budgets.rooms import BudgetExceeded, Room
from budgets.rows import enter, lock, spend


class AlreadyReversed(ValueError):
    """An entry can be undone once, and a reversal not at all."""


@dataclass(frozen=True, kw_only=True)
class Cost:
    """What is being paid for.

    `source_key` names the thing that caused it (`annotation:<unique_id>`, `run:57:attempt:2`); `quantity` is in the
    unit of the price; `occurred_at` is when the work was done, timezone-aware. `subject_key` names what the money is
    for where that is not the source itself; `work_key` the run; `payee` who is paid; `overshoot` marks work that was
    open when a stop came.
    """

    source_key: str
    quantity: Decimal
    amount: Decimal
    origin: Origin
    occurred_at: datetime
    memo: str = ""
    subject_key: str = ""
    work_key: str = ""
    payee: User | None = None
    overshoot: bool = False


@transaction.atomic
def settle(*, hold: Hold, cost: Cost, close: bool = True, price: Price | None = None) -> LedgerEntry:
    """Enter a true cost against its hold, its platform fee too; with `close`, give the rest of the hold back.

    A cost above what the hold has left takes the difference from what the budget has available. A stop does not keep
    work from being paid that was held for.

    Parameters: `price` the one that applied, where it is another than the hold's.
    Returns: the entry; the same one when its source key was entered already.
    Raises: BudgetExceeded; HoldClosed; SourceKeyReused.
    """
    budget = lock(hold.budget)
    entered = _entered(budget, cost)
    if entered is not None:
        return entered
    held = open_hold(hold)
    total = _total(cost, held.fee)
    from_hold = min(total, held.remaining)
    if total - from_hold > budget.available:
        raise BudgetExceeded(budget=budget, wanted=total - from_hold)
    entry = _enter(budget=budget, cost=cost, price=price or held.price, path=held.path, fee=held.fee, hold=held)
    held.remaining -= from_hold
    held.save(update_fields=["remaining"])
    spend(budget, amount=total, from_hold=from_hold)
    if close:
        close_hold(budget=budget, hold=held, reason="settled")
    return entry


@transaction.atomic
def charge(*, budget: Budget, cost: Cost, price: Price, path: Path | str = "", fee: Price | None = None) -> LedgerEntry:
    """Enter a cost that had no hold, and its platform fee, if the budget has room for them.

    Work that was open when a stop came (`cost.overshoot`) is entered in spite of the stop, never above the limit.

    Returns: the entry; the same one when its source key was entered already.
    Raises: BudgetExceeded; CapExceeded; BudgetStopped; SourceKeyReused.
    """
    locked = lock(budget)
    entered = _entered(locked, cost)
    if entered is not None:
        return entered
    total = _total(cost, fee)
    _check_room(locked, total, cost, path=path, kind=price.kind)
    entry = _enter(budget=locked, cost=cost, price=price, path=path, fee=fee, hold=None)
    spend(locked, amount=total)
    return entry


@transaction.atomic
def reverse(*, actor: User, entry: LedgerEntry, reason: str) -> LedgerEntry:
    """Undo an entry, and its platform fee, by negative ones that name them; the money is available again.

    Raises: Forbidden; AlreadyReversed; ValueError (no reason given).
    """
    require(actor=actor, action=Action.CORRECT_LEDGER)
    if not reason.strip():
        raise ValueError("reason: say why the entry is reversed; it is kept with the reversal.")
    budget = lock(entry.budget)
    reversal = undo(budget, entry, reason=reason.strip())
    fee = fee_entry(entry)
    if fee is not None and not is_undone(fee):
        undo(budget, fee, reason=reason.strip())
    record(
        actor=actor,
        action="ledger.reverse",
        subject=f"Ledger entry {entry.source_key}",
        subject_id=entry.pk,
        budget_id=budget.pk,
        before={"amount": str(entry.amount)},
        after={"amount": "0", "reason": reason.strip()},
    )
    return reversal


def undo(budget: Budget, entry: LedgerEntry, *, reason: str) -> LedgerEntry:
    """Enter the reversal of one entry of a locked budget. Raises: AlreadyReversed."""
    if entry.reverses_id is not None or is_undone(entry):
        raise AlreadyReversed(f"{entry.source_key} is a reversal, or was reversed before.")
    reversal = enter(
        budget=budget,
        source_key=f"reversal:{entry.source_key}"[:200],
        subject_key=entry.subject_key,
        work_key=entry.work_key,
        kind=entry.kind,
        path=entry.path,
        origin=entry.origin,
        payee_id=entry.payee_id,
        price=entry.price,
        quantity=-entry.quantity,
        amount=-entry.amount,
        memo=reason[:200],
        reverses=entry,
        occurred_at=timezone.now(),
    )
    spend(budget, amount=-entry.amount)
    return reversal


def is_undone(entry: LedgerEntry) -> bool:
    return LedgerEntry.objects.filter(reverses=entry).exists()


def fee_entry(entry: LedgerEntry) -> LedgerEntry | None:
    """The platform fee that was entered with an entry."""
    return LedgerEntry.objects.filter(budget=entry.budget_id, source_key=f"{entry.source_key}:fee").first()


def _entered(budget: Budget, cost: Cost) -> LedgerEntry | None:
    entry = LedgerEntry.objects.filter(budget=budget, source_key=cost.source_key).first()
    if entry is not None and entry.amount != quantize(cost.amount):
        raise SourceKeyReused(f"{cost.source_key} was entered with {entry.amount}, not {cost.amount}.")
    return entry


def _total(cost: Cost, fee: Price | None) -> Decimal:
    amount = quantize(cost.amount)
    return amount + (fee.cost(amount) if fee else ZERO)


def _check_room(budget: Budget, total: Decimal, cost: Cost, *, path: str, kind: str) -> None:
    if cost.overshoot:
        if total > budget.available:
            raise BudgetExceeded(budget=budget, wanted=total)
        return
    refusal = Room(budget).refusal(amount=total, path=path, kind=kind)
    if refusal is not None:
        raise refusal


def _enter(*, budget: Budget, cost: Cost, price: Price, path: str, fee: Price | None, hold: Hold | None) -> LedgerEntry:
    if cost.amount < 0:
        raise ValueError(f"{cost.source_key}: a cost of {cost.amount} is negative; use reverse() to undo an entry.")
    shared = {
        "budget": budget,
        "subject_key": cost.subject_key or cost.source_key,
        "work_key": cost.work_key,
        "path": path,
        "origin": cost.origin,
        "hold": hold,
        "occurred_at": cost.occurred_at,
        "overshoot": cost.overshoot,
    }
    amount = quantize(cost.amount)
    entry = enter(
        **shared,
        source_key=cost.source_key,
        kind=price.kind,
        price=price,
        payee=cost.payee,
        quantity=quantize(cost.quantity),
        amount=amount,
        memo=cost.memo,
    )
    if fee is not None:
        enter_fee(shared, key=cost.source_key, fee=fee, base=amount)
    return entry


def enter_fee(shared: dict[str, object], *, key: str, fee: Price, base: Decimal) -> LedgerEntry:
    """Enter the platform fee on top of an amount, beside the entry that it belongs to."""
    return enter(
        **shared,
        source_key=f"{key}:fee",
        kind=Kind.PLATFORM_FEE,
        price=fee,
        quantity=base,
        amount=fee.cost(base),
        memo=f"{fee.rate.normalize():f} % of {base}",
    )
