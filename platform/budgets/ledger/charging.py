"""Entering true costs: against a hold, or without one where the budget has enough left; and undoing them."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db import transaction
from django.utils import timezone

from accounts.audit import record
from accounts.models import User
from accounts.permissions import Action, require
from budgets.cost_kinds import CostKind
from budgets.ledger.capacity import Headroom
from budgets.ledger.holds import SourceKeyReused, grow, open_hold, release, with_fee
from budgets.ledger.holds import close as close_hold
from budgets.ledger.keys import check_key, fee_key, reversal_key
from budgets.ledger.locked_budget import enter, lock, spend
from budgets.models import Budget, Hold, LedgerEntry, Origin, Path, Price
from budgets.money import ZERO, amount_text, check_cost, quantize, quantize_quantity
from config.refusals import Refusal


class AlreadyReversed(Refusal):
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

    def __post_init__(self) -> None:
        check_key(self.source_key)
        check_cost(self.quantity, name=f"{self.source_key}: quantity")
        check_cost(self.amount, name=f"{self.source_key}: amount")
        if self.occurred_at.tzinfo is None:
            raise ValueError(f"{self.source_key}: occurred_at: {self.occurred_at} has no time zone.")


@transaction.atomic
def settle(*, hold: Hold, cost: Cost, close: bool = True, price: Price | None = None) -> LedgerEntry:
    """Enter a true cost against its hold, its platform fee too; with `close`, give the rest of the hold back.

    A cost above what the hold has left takes the difference from what the budget, and its caps, have available. A stop
    does not keep work from being paid that was held for. `price` is the one that applied, where it differs from the
    hold's. A source key that was entered before returns its entry.

    Raises BudgetExceeded, CapExceeded, HoldClosed or SourceKeyReused.
    """
    budget = lock(hold.budget)
    entered = _entered(budget, cost)
    if entered is not None:
        if close:
            release(hold=hold, reason="settled before")
        return entered
    held = open_hold(hold)
    price = price or held.price
    total = with_fee(cost.amount, held.fee)
    from_hold = min(total, held.remaining)
    _check_settlement(budget, held, total, from_hold=from_hold, kind=price.kind)
    entry = _enter(budget=budget, cost=cost, price=price, path=held.path, fee=held.fee, hold=held)
    grow(held, total - from_hold)
    held.remaining -= from_hold
    held.save(update_fields=["amount", "extended", "remaining"])
    spend(budget, amount=total, from_hold=from_hold)
    if close:
        close_hold(budget=budget, hold=held, reason="settled")
    return entry


@transaction.atomic
def charge(*, budget: Budget, cost: Cost, price: Price, path: Path | str = "", fee: Price | None = None) -> LedgerEntry:
    """Enter a cost that had no hold, and its platform fee, if the budget has enough left.

    Work that was open when a stop came (`cost.overshoot`) is entered in spite of the stop, never above limit or cap. A
    source key that was entered before returns its entry.

    Raises BudgetExceeded, CapExceeded, BudgetStopped or SourceKeyReused.
    """
    locked = lock(budget)
    entered = _entered(locked, cost)
    if entered is not None:
        return entered
    total = with_fee(cost.amount, fee)
    Headroom(locked).check(amount=total, path=path, kind=price.kind, ignore_stop=cost.overshoot)
    entry = _enter(budget=locked, cost=cost, price=price, path=path, fee=fee, hold=None)
    spend(locked, amount=total)
    return entry


@transaction.atomic
def reverse(*, actor: User, entry: LedgerEntry, reason: str) -> LedgerEntry:
    """Undo an entry, and its platform fee, by negative ones that name them. Raises AlreadyReversed."""
    require(actor=actor, action=Action.CORRECT_LEDGER)
    if not reason.strip():
        raise Refusal("say why the entry is reversed; it is kept with the reversal.", field="reason")
    reversal = take_back(entry=entry, reason=reason.strip())
    record(
        actor=actor,
        action="ledger.reverse",
        subject=f"Ledger entry {entry.source_key}",
        subject_id=entry.pk,
        budget_id=entry.budget_id,
        before={"amount": str(entry.amount)},
        after={"amount": "0", "reason": reason.strip()},
    )
    return reversal


@transaction.atomic
def take_back(*, entry: LedgerEntry, reason: str) -> LedgerEntry:
    """Undo an entry, and its platform fee, because what it paid for has become something else that is paid again.

    It is no person's correction, so it needs no permission and no audit record. Raises AlreadyReversed.
    """
    budget = lock(entry.budget)
    if entry.reverses_id is not None or LedgerEntry.objects.filter(reverses=entry).exists():
        raise AlreadyReversed(f"{entry.source_key} is a reversal, or was reversed before.")
    now = timezone.now()
    reversal = enter(**undoing(entry, reason=reason, occurred_at=now))
    fees = LedgerEntry.objects.filter(fee_on=entry, reverses__isnull=True, reversal__isnull=True)
    undone = [reversal, *(enter(**undoing(fee, reason=reason, occurred_at=now)) for fee in fees)]
    spend(budget, amount=sum((one.amount for one in undone), ZERO))
    return reversal


def shared_columns(entry: LedgerEntry) -> dict[str, object]:
    """What an entry, its reversal and its replacement have in common: all that sums group by but the price."""
    names = ("budget", "subject_key", "work_key", "kind", "path", "origin", "payee_id")
    return {name: getattr(entry, name) for name in names}


def undoing(entry: LedgerEntry, *, reason: str, occurred_at: datetime) -> dict[str, object]:
    """The columns of an entry's reversal."""
    return {
        **shared_columns(entry),
        "source_key": reversal_key(entry.source_key),
        "price": entry.price,
        "fee_on": entry.fee_on,
        "quantity": -entry.quantity,
        "amount": -entry.amount,
        "memo": reason[:200],
        "reverses": entry,
        "occurred_at": occurred_at,
    }


def _entered(budget: Budget, cost: Cost) -> LedgerEntry | None:
    entry = LedgerEntry.objects.filter(budget=budget, source_key=cost.source_key).first()
    if entry is not None and entry.amount != quantize(cost.amount):
        raise SourceKeyReused(
            f"{cost.source_key} was already charged at {amount_text(entry.amount)}, not {amount_text(cost.amount)}."
        )
    return entry


def _check_settlement(budget: Budget, held: Hold, total: Decimal, *, from_hold: Decimal, kind: str) -> None:
    """Refuse what neither the hold nor the budget has, and what moves a hold under a cap that cannot take it."""
    if total == from_hold and kind == held.kind:
        return
    left = Headroom(budget)
    left.take(amount=-from_hold, path=held.path, kind=held.kind)
    left.check(amount=total, path=held.path, kind=kind, ignore_stop=True)


def _enter(*, budget: Budget, cost: Cost, price: Price, path: str, fee: Price | None, hold: Hold | None) -> LedgerEntry:
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
        quantity=quantize_quantity(cost.quantity),
        amount=amount,
        memo=cost.memo[:200],
    )
    if fee is not None:
        enter(
            **shared,
            source_key=fee_key(cost.source_key),
            kind=CostKind.PLATFORM_FEE,
            price=fee,
            fee_on=entry,
            quantity=amount,
            amount=fee.cost(amount),
            memo=f"{fee.rate.normalize():f} % of {amount_text(amount)}",
        )
    return entry
