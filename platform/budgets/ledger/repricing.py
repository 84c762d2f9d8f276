"""Correcting a wrong price over a period: each entry at it is reversed and entered again, all of them or none."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from hashlib import sha256
from itertools import groupby
from operator import attrgetter
from typing import Any

from django.db import transaction

from accounts.audit import record
from accounts.models import User
from accounts.permissions import Action, require
from budgets.ledger.capacity import Headroom
from budgets.ledger.charging import shared_columns, undoing
from budgets.ledger.keys import replacement_key
from budgets.ledger.locked_budget import enter_all, lock, spend
from budgets.models import Budget, LedgerEntry, Price
from budgets.money import ZERO, AmountChange, amount_text
from budgets.prices import parse_rate
from config.refusals import Refusal

MOST_ENTRIES = 100_000
_BUDGET_ID = attrgetter("entry.budget_id")


class RepricingChanged(Refusal):
    """The preview is out of date; check the new one first. Nothing was changed."""


class NothingToReprice(Refusal):
    """No entry at this price lies in the period, or each was reversed before."""


@dataclass(frozen=True, kw_only=True)
class Period:
    """From `starts_at` on, to before `ends_at`; both timezone-aware, by when the work was done."""

    starts_at: datetime
    ends_at: datetime

    def __post_init__(self) -> None:
        if self.starts_at >= self.ends_at:
            raise Refusal(f"{self.ends_at:%Y-%m-%d %H:%M} is not after the start of the period.", field="ends_at")


@dataclass(frozen=True, kw_only=True)
class BudgetChange(AmountChange):
    """What a re-pricing does to one budget: its entries at the wrong price, and their sums before and after."""

    budget: Budget
    num_entries: int


@dataclass(frozen=True, kw_only=True)
class RepricedEntry:
    """One unreversed entry at the wrong price, with its platform fee if any; and what both would be."""

    entry: LedgerEntry
    fee: LedgerEntry | None
    amount: Decimal
    fee_amount: Decimal

    @property
    def before(self) -> Decimal:
        return self.entry.amount + (self.fee.amount if self.fee else ZERO)

    @property
    def after(self) -> Decimal:
        return self.amount + self.fee_amount

    @property
    def capped_as(self) -> tuple[str, str]:
        """The path and kind whose caps this counts under; a fee counts with what it is on top of."""
        return self.entry.path, self.entry.fee_on.kind if self.entry.fee_on else self.entry.kind


@dataclass(frozen=True, kw_only=True)
class RepricingPreview:
    """What a re-pricing would do. `digest` identifies exactly these entries, fees, period and amount."""

    price: Price
    amount: Decimal
    period: Period
    lines: Sequence[RepricedEntry]
    changes: Sequence[BudgetChange]
    digest: str

    @property
    def num_entries(self) -> int:
        return sum(change.num_entries for change in self.changes)

    @property
    def difference(self) -> Decimal:
        return sum((change.difference for change in self.changes), ZERO)


def preview_repricing(*, actor: User, price: Price, amount: Decimal | str, period: Period) -> RepricingPreview:
    """Say what correcting a price to `amount` would change; nothing is written. Raises NothingToReprice."""
    require(actor=actor, action=Action.CORRECT_LEDGER)
    return _plan(price, _parse(price, amount), period)


@transaction.atomic
def reprice(
    *, actor: User, price: Price, amount: Decimal | str, period: Period, reason: str, expected_digest: str
) -> RepricingPreview:
    """Correct a price over a period by reversals and new entries, in one transaction.

    Holds at the wrong price keep it, for it was promised; set a new price for later work. `expected_digest` is the
    preview's. Raises NothingToReprice, RepricingChanged, or BudgetExceeded and CapExceeded where a budget or a cap
    cannot take the difference.
    """
    require(actor=actor, action=Action.CORRECT_LEDGER)
    if not reason.strip():
        raise Refusal("say why the price was wrong; it is kept with every reversal.", field="reason")
    right = _parse(price, amount)
    ids = LedgerEntry.objects.filter(price=price).values_list("budget_id", flat=True).distinct().order_by("budget_id")
    budgets = {pk: lock(Budget(pk=pk)) for pk in ids}
    plan = _plan(price, right, period)
    if plan.digest != expected_digest:
        raise RepricingChanged(
            "The amount, the period or the entries changed since the preview. Check the new preview, then confirm it."
        )
    for budget_id, lines in groupby(plan.lines, key=_BUDGET_ID):
        _check_room(budgets[budget_id], lines)
    _replace(plan, _correction(actor, price, right, period), reason=reason.strip())
    for change in plan.changes:
        spend(budgets[change.budget.pk], amount=change.difference)
    _record(actor, plan, reason.strip())
    return plan


def _plan(price: Price, amount: Decimal, period: Period) -> RepricingPreview:
    lines = _lines(price, amount, period)
    named = ",".join(f"{line.entry.pk}+{line.fee.pk if line.fee else ''}" for line in lines)
    asked = f"{price.pk}:{amount}:{period.starts_at.isoformat()}:{period.ends_at.isoformat()}"
    digest = sha256(f"{asked}:{named}".encode()).hexdigest()
    changes = [_change(list(ours)) for _, ours in groupby(lines, key=_BUDGET_ID)]
    return RepricingPreview(price=price, amount=amount, period=period, lines=lines, changes=changes, digest=digest)


def _lines(price: Price, amount: Decimal, period: Period) -> list[RepricedEntry]:
    """Unreversed entries at this price in the period, and the fees on top of them; budget by budget."""
    unreversed = LedgerEntry.objects.filter(reverses__isnull=True, reversal__isnull=True)
    rows = unreversed.filter(price=price, occurred_at__gte=period.starts_at, occurred_at__lt=period.ends_at)
    entries = list(rows.order_by("budget_id", "pk")[: MOST_ENTRIES + 1])
    if not entries:
        raise NothingToReprice("No entry has this price in this period; choose another price or period.")
    if len(entries) > MOST_ENTRIES:
        raise Refusal(f"more than {MOST_ENTRIES:,} entries lie in this period. Correct it in parts.", field="ends_at")
    fees = {fee.fee_on_id: fee for fee in unreversed.filter(fee_on__in=rows.values("pk"))}
    _attach([*entries, *fees.values()], {entry.pk: entry for entry in entries})
    corrected = Price(book=price.book, kind=price.kind, amount=amount)
    lines = []
    for entry in entries:
        now, fee = corrected.cost(entry.quantity), fees.get(entry.pk)
        fee_amount = fee.price.cost(now) if fee else ZERO
        lines.append(RepricedEntry(entry=entry, fee=fee, amount=now, fee_amount=fee_amount))
    return lines


def _attach(entries: Sequence[LedgerEntry], known: dict[int, LedgerEntry]) -> None:
    """Give many entries the few rows that they name, one object for all that name the same."""
    budgets = Budget.objects.in_bulk({entry.budget_id for entry in entries})
    prices = Price.objects.select_related("book").in_bulk({entry.price_id for entry in entries})
    others = {entry.fee_on_id for entry in entries if entry.fee_on_id is not None} - known.keys()
    bases = known | LedgerEntry.objects.in_bulk(others)
    for entry in entries:
        entry.budget, entry.price = budgets[entry.budget_id], prices[entry.price_id]
        entry.fee_on = bases[entry.fee_on_id] if entry.fee_on_id is not None else None


def _change(lines: Sequence[RepricedEntry]) -> BudgetChange:
    return BudgetChange(
        budget=lines[0].entry.budget,
        num_entries=len(lines),
        before=sum((line.before for line in lines), ZERO),
        after=sum((line.after for line in lines), ZERO),
    )


def _check_room(budget: Budget, lines: Iterable[RepricedEntry]) -> None:
    """Refuse what a locked budget, or a cap of it, cannot take; a stop is no reason to keep a wrong price."""
    left = Headroom(budget)
    after: dict[tuple[str, str], Decimal] = defaultdict(lambda: ZERO)
    for line in lines:
        path, kind = line.capped_as
        left.take(amount=-line.before, path=path, kind=kind)
        after[line.capped_as] += line.after
    for (path, kind), amount in after.items():
        left.check(amount=amount, path=path, kind=kind, ignore_stop=True)
        left.take(amount=amount, path=path, kind=kind)


def _replace(plan: RepricingPreview, corrected: Price, *, reason: str) -> None:
    """Reverse it at the time of the work, so that each month's costs come out right; and enter it again."""
    wrong = [entry for line in plan.lines for entry in (line.entry, line.fee) if entry is not None]
    enter_all([LedgerEntry(**undoing(one, reason=reason, occurred_at=one.occurred_at)) for one in wrong])
    entries, fees = [], []
    for line in plan.lines:
        kept = {"price": corrected, "fee_on": line.entry.fee_on, "quantity": line.entry.quantity}
        entry = _replacement(line.entry, corrected, memo=reason, amount=line.amount, **kept)
        entries.append(entry)
        if line.fee is not None:
            columns = {"price": line.fee.price, "fee_on": entry, "quantity": line.amount, "amount": line.fee_amount}
            fees.append(_replacement(line.fee, corrected, memo=reason, **columns))
    enter_all(entries)
    enter_all(fees)


def _replacement(entry: LedgerEntry, corrected: Price, *, memo: str, **columns: Any) -> LedgerEntry:
    return LedgerEntry(
        **shared_columns(entry),
        **columns,
        source_key=replacement_key(entry.source_key, price_id=corrected.pk),
        memo=memo[:200],
        overshoot=entry.overshoot,
        replaces=entry,
        occurred_at=entry.occurred_at,
    )


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
    right = parse_rate(amount, kind=price.kind)
    if right == price.amount:
        raise Refusal(f"the price is already {amount_text(right)}.", field="amount")
    return right


def _record(actor: User, plan: RepricingPreview, reason: str) -> None:
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
