"""The one public door to money: prices, budgets, holds, settlements, reversals.

Every change locks the budget's row first and checks `spent + held <= limit` under that lock. Every entry and hold has a
source key, unique within its budget, so that doing something twice enters it once.
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from accounts.permissions import Action, require
from budgets.models import Budget, Hold, Kind, LedgerEntry, Origin, Path, Price, PriceBook
from budgets.money import ZERO, parse_amount, quantize


class BudgetExceeded(Exception):
    """The budget cannot take this amount; nothing was entered."""

    def __init__(self, *, budget: Budget, wanted: Decimal) -> None:
        self.budget = budget
        self.wanted = wanted
        self.missing = wanted - budget.available
        super().__init__(
            f"Budget “{budget.name}” has {budget.available:.2f} {budget.currency} left; this needs {wanted:.2f}. "
            f"{self.missing:.2f} {budget.currency} are missing: raise the limit, or buy less."
        )


class PriceMissing(Exception):
    """No price of this kind is in force; nothing can be bought without one."""


class SourceKeyReused(Exception):
    """The same source key came with another amount: a caller's fault, refused so that no cent is lost."""


class LimitTooLow(ValueError):
    """A limit cannot fall below what is spent and held."""


class AlreadyReversed(ValueError):
    """An entry can be undone once, and a reversal not at all."""


class HoldClosed(Exception):
    """A closed hold takes no more charges."""


@dataclass(frozen=True, kw_only=True)
class Cost:
    """What is being paid for.

    `source_key` names the thing that caused it (`annotation:<unique_id>`, `run:57:attempt:2`); `quantity` counts
    labels or device hours; `occurred_at` is when the work was done, timezone-aware.
    """

    source_key: str
    quantity: Decimal
    amount: Decimal
    origin: Origin
    occurred_at: datetime
    memo: str = ""


def create_price_book(*, actor: User, name: str, currency: str) -> PriceBook:
    """Start an empty price book.

    Parameters: `currency` three letters, as in ISO 4217; all prices of the book are in it.
    Raises: Forbidden; ValueError (no name, the name is taken, currency).
    """
    require(actor=actor, action=Action.SET_PRICE)
    name, currency = name.strip(), currency.strip().upper()
    if not name:
        raise ValueError("name: give the price book a name.")
    if len(currency) != 3 or not currency.isascii() or not currency.isalpha():
        raise ValueError(f"currency: {currency!r} is not three letters such as USD or EUR.")
    if PriceBook.objects.filter(name=name).exists():
        raise ValueError(f"name: there is a price book “{name}” already.")
    return PriceBook.objects.create(name=name, currency=currency)


def set_price(
    *, actor: User, book: PriceBook, kind: Kind, amount: Decimal | str, starts_at: datetime, device: str = ""
) -> Price:
    """Add a dated price to a book; earlier ones stay as they are.

    Parameters: `amount` per label or device hour, >= 0, at most six decimals; `device` for device hours only.
    Raises: Forbidden; ValueError (amount, device, a price with this start is there).
    """
    require(actor=actor, action=Action.SET_PRICE)
    if (kind == Kind.DEVICE_HOUR) != bool(device):
        raise ValueError("device: name cpu or cuda for a device hour, and nothing for a label.")
    if Price.objects.filter(book=book, kind=kind, device=device, starts_at=starts_at).exists():
        raise ValueError(f"starts_at: a price for this already starts at {starts_at}. Choose a later start.")
    parsed = parse_amount(amount, name="amount", allow_zero=True)
    return Price.objects.create(
        book=book, kind=kind, device=device, amount=parsed, starts_at=starts_at, created_by=actor
    )


def price_at(*, book: PriceBook, kind: Kind, at: datetime, device: str = "") -> Price:
    """Find the price in force at a time: the latest start not after it.

    Raises: PriceMissing, saying which price an admin must set.
    """
    price = book.prices.filter(kind=kind, device=device, starts_at__lte=at).order_by("-starts_at").first()
    if price is None:
        what = f"{Kind(kind).label.lower()} on {device}" if device else Kind(kind).label.lower()
        raise PriceMissing(f"Price book “{book.name}” has no price for one {what} at {at:%Y-%m-%d %H:%M} UTC.")
    return price


def open_budget(*, actor: User, name: str, limit: Decimal | str, price_book: PriceBook) -> Budget:
    """Open a budget in its price book's currency. Raises: Forbidden; ValueError (limit)."""
    require(actor=actor, action=Action.SET_BUDGET)
    amount = parse_amount(limit, name="limit", allow_zero=True)
    return Budget.objects.create(name=name, limit=amount, price_book=price_book, currency=price_book.currency)


@transaction.atomic
def set_limit(*, actor: User, budget: Budget, limit: Decimal | str) -> Budget:
    """Raise or lower a budget's limit. Raises: Forbidden; LimitTooLow; ValueError (limit)."""
    require(actor=actor, action=Action.SET_BUDGET)
    amount = parse_amount(limit, name="limit", allow_zero=True)
    locked = _lock(budget)
    if amount < locked.spent + locked.held:
        raise LimitTooLow(
            f"limit: {amount} is less than the {locked.spent + locked.held} {locked.currency} already spent and held."
        )
    locked.limit = amount
    locked.save(update_fields=["limit"])
    return locked


@transaction.atomic
def place_hold(*, budget: Budget, source_key: str, amount: Decimal, price: Price, path: Path | str = "") -> Hold:
    """Set money aside for the worst case of something about to start.

    Parameters: `amount` >= 0 in the budget's currency; `price` the one that was quoted, used again at settlement.
    Returns: the hold; the same one when the source key holds already.
    Raises: BudgetExceeded, saying how much is missing; SourceKeyReused (other amount under this key).
    """
    locked = _lock(budget)
    amount = quantize(amount)
    existing = locked.holds.filter(source_key=source_key).first()
    if existing is not None:
        if existing.amount != amount:
            raise SourceKeyReused(f"{source_key} holds {existing.amount} already, not {amount}.")
        return existing
    if amount > locked.available:
        raise BudgetExceeded(budget=locked, wanted=amount)
    hold = Hold.objects.create(
        budget=locked,
        source_key=source_key,
        kind=price.kind,
        path=path,
        price=price,
        amount=amount,
        remaining=amount,
    )
    _move(locked, held=amount)
    return hold


@transaction.atomic
def settle(*, hold: Hold, cost: Cost, close: bool = True) -> LedgerEntry:
    """Enter a true cost against its hold; with `close`, give the rest of the hold back.

    A cost above what the hold has left takes the difference from what the budget has available.
    Returns: the entry; the same one when its source key was entered already.
    Raises: BudgetExceeded; HoldClosed; SourceKeyReused.
    """
    budget = _lock(hold.budget)
    entered = _entered(budget, cost)
    if entered is not None:
        return entered
    held = Hold.objects.select_for_update().get(pk=hold.pk)
    if held.closed_at is not None:
        raise HoldClosed(f"{held.source_key} was closed at {held.closed_at}: {held.close_reason}.")
    amount = quantize(cost.amount)
    from_hold = min(amount, held.remaining)
    if amount - from_hold > budget.available:
        raise BudgetExceeded(budget=budget, wanted=amount - from_hold)
    entry = _enter(budget=budget, cost=cost, price=held.price, path=held.path, hold=held)
    held.remaining -= from_hold
    held.save(update_fields=["remaining"])
    _move(budget, held=-from_hold, spent=amount)
    if close:
        _close(budget=budget, hold=held, reason="settled")
    return entry


@transaction.atomic
def charge(*, budget: Budget, cost: Cost, price: Price, path: Path | str = "") -> LedgerEntry:
    """Enter a cost that had no hold, if the budget has it available.

    Returns: the entry; the same one when its source key was entered already.
    Raises: BudgetExceeded; SourceKeyReused.
    """
    locked = _lock(budget)
    entered = _entered(locked, cost)
    if entered is not None:
        return entered
    amount = quantize(cost.amount)
    if amount > locked.available:
        raise BudgetExceeded(budget=locked, wanted=amount)
    entry = _enter(budget=locked, cost=cost, price=price, path=path, hold=None)
    _move(locked, spent=amount)
    return entry


@transaction.atomic
def release(*, hold: Hold, reason: str) -> Hold:
    """Give back what is left of a hold. Releasing a closed hold changes nothing."""
    budget = _lock(hold.budget)
    held = Hold.objects.select_for_update().get(pk=hold.pk)
    if held.closed_at is None:
        _close(budget=budget, hold=held, reason=reason)
    return held


@transaction.atomic
def reverse(*, actor: User, entry: LedgerEntry, reason: str) -> LedgerEntry:
    """Undo an entry by a negative one that names it; the money is available again.

    Raises: Forbidden; AlreadyReversed; ValueError (no reason given).
    """
    require(actor=actor, action=Action.CORRECT_LEDGER)
    if not reason.strip():
        raise ValueError("reason: say why the entry is reversed; it is kept with the reversal.")
    budget = _lock(entry.budget)
    if entry.reverses_id is not None or LedgerEntry.objects.filter(reverses=entry).exists():
        raise AlreadyReversed(f"{entry.source_key} is a reversal, or was reversed before.")
    reversal = LedgerEntry.objects.create(
        budget=budget,
        source_key=f"reversal:{entry.source_key}",
        kind=entry.kind,
        path=entry.path,
        origin=entry.origin,
        price=entry.price,
        quantity=-entry.quantity,
        amount=-entry.amount,
        memo=reason.strip()[:200],
        reverses=entry,
        occurred_at=timezone.now(),
    )
    _move(budget, spent=-entry.amount)
    return reversal


def _lock(budget: Budget) -> Budget:
    return Budget.objects.select_for_update().get(pk=budget.pk)


def _entered(budget: Budget, cost: Cost) -> LedgerEntry | None:
    entry = LedgerEntry.objects.filter(budget=budget, source_key=cost.source_key).first()
    if entry is not None and entry.amount != quantize(cost.amount):
        raise SourceKeyReused(f"{cost.source_key} was entered with {entry.amount}, not {cost.amount}.")
    return entry


def _enter(*, budget: Budget, cost: Cost, price: Price, path: str, hold: Hold | None) -> LedgerEntry:
    if cost.amount < 0:
        raise ValueError(f"{cost.source_key}: a cost of {cost.amount} is negative; use reverse() to undo an entry.")
    return LedgerEntry.objects.create(
        budget=budget,
        source_key=cost.source_key,
        kind=price.kind,
        path=path,
        origin=cost.origin,
        price=price,
        hold=hold,
        quantity=quantize(cost.quantity),
        amount=quantize(cost.amount),
        memo=cost.memo,
        occurred_at=cost.occurred_at,
    )


def _close(*, budget: Budget, hold: Hold, reason: str) -> None:
    _move(budget, held=-hold.remaining)
    hold.remaining = ZERO
    hold.closed_at = timezone.now()
    hold.close_reason = reason[:200]
    hold.save(update_fields=["remaining", "closed_at", "close_reason"])


def _move(budget: Budget, *, held: Decimal = ZERO, spent: Decimal = ZERO) -> None:
    budget.held += held
    budget.spent += spent
    budget.save(update_fields=["held", "spent"])
