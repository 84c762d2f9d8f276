"""Correcting a wrong price over a period: each entry at it is reversed and entered anew, all of them or none."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from hashlib import sha256

from django.db import transaction

from accounts.audit import record
from accounts.models import User
from accounts.permissions import Action, require
from budgets.charging import fee_entry, is_undone, undo
from budgets.models import Budget, Kind, LedgerEntry, Price
from budgets.money import ZERO, parse_amount, quantize
from budgets.rooms import BudgetExceeded
from budgets.rows import enter, lock, spend

MOST_ENTRIES = 100_000


class RepricingChanged(ValueError):
    """Entries came or went since the preview; look at the new one first. Nothing was changed."""


class NothingToReprice(ValueError):
    """No entry at this price lies in the period, or each was reversed already."""


@dataclass(frozen=True, kw_only=True)
class Period:
    """From `starts_at` on, to before `ends_at`; both timezone-aware, by when the work was done."""

    starts_at: datetime
    ends_at: datetime

    def __post_init__(self) -> None:
        if self.starts_at >= self.ends_at:
            raise ValueError(f"ends_at: {self.ends_at:%Y-%m-%d %H:%M} is not after the start of the period.")


@dataclass(frozen=True, kw_only=True)
class BudgetChange:
    """What a re-pricing does to one budget: its entries at the wrong price, and their sums before and after."""

    budget: Budget
    num_entries: int
    before: Decimal
    after: Decimal

    @property
    def difference(self) -> Decimal:
        return self.after - self.before


@dataclass(frozen=True, kw_only=True)
class Repricing:
    """What a re-pricing would do. `digest` stands for exactly these entries at exactly this amount."""

    price: Price
    amount: Decimal
    period: Period
    changes: Sequence[BudgetChange]
    digest: str

    @property
    def num_entries(self) -> int:
        return sum(change.num_entries for change in self.changes)

    @property
    def difference(self) -> Decimal:
        return sum((change.difference for change in self.changes), ZERO)


def preview_repricing(*, actor: User, price: Price, amount: Decimal | str, period: Period) -> Repricing:
    """Say what correcting a price would change; nothing is written.

    Parameters: `price` the wrong one; `amount` the right one, >= 0, at most six decimals; `period` by when the work
    was done.
    Raises: Forbidden; NothingToReprice; ValueError (amount, too many entries at once).
    """
    require(actor=actor, action=Action.CORRECT_LEDGER)
    right = _parse(price, amount)
    return _plan(price, right, period, _entries(price, period))


@transaction.atomic
def reprice(
    *, actor: User, price: Price, amount: Decimal | str, period: Period, reason: str, expected_digest: str
) -> Repricing:
    """Correct a price over a period by reversals and new entries, in one transaction.

    Holds that stand at the wrong price keep it, for it was promised; set a new price for what comes.

    Parameters: as in preview_repricing, whose `digest` is handed back as `expected_digest`.
    Raises: as preview_repricing; RepricingChanged; BudgetExceeded (a budget cannot take the difference); ValueError
    (no reason).
    """
    require(actor=actor, action=Action.CORRECT_LEDGER)
    if not reason.strip():
        raise ValueError("reason: say why the price was wrong; it is kept with every reversal.")
    right = _parse(price, amount)
    ids = LedgerEntry.objects.filter(price=price).values_list("budget_id", flat=True).distinct().order_by("budget_id")
    budgets = {pk: lock(Budget(pk=pk)) for pk in sorted(set(ids))}
    entries = _entries(price, period)
    plan = _plan(price, right, period, entries)
    if plan.digest != expected_digest:
        raise RepricingChanged("Entries came or went since the preview. Look at the new preview, then confirm it.")
    for change in plan.changes:
        if change.difference > budgets[change.budget.pk].available:
            raise BudgetExceeded(budget=budgets[change.budget.pk], wanted=change.difference)
    corrected = _correction(actor, price, right, period)
    for entry in entries:
        _replace(budgets[entry.budget_id], entry, corrected, reason=reason.strip())
    _record(actor, plan, reason.strip())
    return plan


def _entries(price: Price, period: Period) -> list[LedgerEntry]:
    """What still stands at this price in the period."""
    rows = LedgerEntry.objects.filter(
        price=price,
        occurred_at__gte=period.starts_at,
        occurred_at__lt=period.ends_at,
        reverses__isnull=True,
        reversal__isnull=True,
    ).select_related("budget")
    entries = list(rows.order_by("budget_id", "pk")[: MOST_ENTRIES + 1])
    if not entries:
        raise NothingToReprice("No entry stands at this price in this period; choose another price or period.")
    if len(entries) > MOST_ENTRIES:
        raise ValueError(f"ends_at: more than {MOST_ENTRIES:,} entries lie in this period. Correct it in parts.")
    return entries


def _plan(price: Price, amount: Decimal, period: Period, entries: Sequence[LedgerEntry]) -> Repricing:
    corrected = Price(book=price.book, kind=price.kind, amount=amount)
    sums: dict[int, BudgetChange] = {}
    for entry in entries:
        fee = _standing_fee(entry)
        before = entry.amount + (fee.amount if fee else ZERO)
        now = corrected.cost(entry.quantity)
        after = now + (fee.price.cost(now) if fee else ZERO)
        known = sums.get(entry.budget_id)
        sums[entry.budget_id] = BudgetChange(
            budget=entry.budget,
            num_entries=(known.num_entries if known else 0) + 1,
            before=(known.before if known else ZERO) + before,
            after=(known.after if known else ZERO) + after,
        )
    named = ",".join(f"{entry.pk}" for entry in entries)
    digest = sha256(f"{price.pk}:{amount}:{named}".encode()).hexdigest()
    return Repricing(price=price, amount=amount, period=period, changes=list(sums.values()), digest=digest)


def _standing_fee(entry: LedgerEntry) -> LedgerEntry | None:
    fee = None if entry.kind == Kind.PLATFORM_FEE else fee_entry(entry)
    return None if fee is None or is_undone(fee) else fee


def _replace(budget: Budget, entry: LedgerEntry, price: Price, *, reason: str) -> None:
    fee = _standing_fee(entry)
    now = price.cost(entry.quantity)
    undo(budget, entry, reason=reason)
    _stand_in(budget, entry, price=price, quantity=entry.quantity, memo=reason)
    if fee is not None:
        undo(budget, fee, reason=reason)
        _stand_in(budget, fee, price=fee.price, quantity=now, memo=reason, named_after=price)


def _stand_in(
    budget: Budget, entry: LedgerEntry, *, price: Price, quantity: Decimal, memo: str, named_after: Price | None = None
) -> None:
    """Enter anew what an entry was for, at the corrected price."""
    amount = price.cost(quantity)
    enter(
        budget=budget,
        source_key=f"repriced:{(named_after or price).pk}:{entry.source_key}"[:200],
        subject_key=entry.subject_key,
        work_key=entry.work_key,
        kind=entry.kind,
        path=entry.path,
        origin=entry.origin,
        payee_id=entry.payee_id,
        price=price,
        quantity=quantize(quantity),
        amount=amount,
        memo=memo[:200],
        overshoot=entry.overshoot,
        replaces=entry,
        occurred_at=entry.occurred_at,
    )
    spend(budget, amount=amount)


def _correction(actor: User, price: Price, amount: Decimal, period: Period) -> Price:
    return Price.objects.create(
        book=price.book,
        kind=price.kind,
        device=price.device,
        budget=price.budget,
        annotator=price.annotator,
        amount=amount,
        starts_at=period.starts_at,
        corrects=price,
        created_by=actor,
    )


def _parse(price: Price, amount: Decimal | str) -> Decimal:
    right = parse_amount(amount, name="amount", allow_zero=True)
    if right == price.amount:
        raise ValueError(f"amount: {right} is what the price is already.")
    return right


def _record(actor: User, plan: Repricing, reason: str) -> None:
    record(
        actor=actor,
        action="price.correct",
        subject=f"Price book “{plan.price.book}”: {plan.price}",
        subject_id=plan.price.pk,
        before={"amount": str(plan.price.amount)},
        after={
            "amount": str(plan.amount),
            "num_entries": plan.num_entries,
            "difference": str(plan.difference),
            "reason": reason,
        },
    )
