"""Reads of money: totals rebuilt from the rows, and where they differ from what is stored."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from django.db.models import Count, F, Q, QuerySet, Sum, Value
from django.db.models.functions import Coalesce, TruncMonth

from budgets.models import Budget, Cap, Hold, LedgerEntry, Tally
from budgets.money import ZERO
from budgets.rooms import used

_TALLY_KEY = ("month", "path", "kind", "origin", "price_id", "payee_id", "work_key", "fee_on_kind")


@dataclass(frozen=True, kw_only=True)
class Difference:
    """A stored figure that its source rows do not bear out."""

    what: str
    stored: Decimal | str
    rebuilt: Decimal | str

    def __str__(self) -> str:
        return f"{self.what}: stored {self.stored}, rebuilt {self.rebuilt}"


def differences(budget: Budget) -> list[Difference]:
    """Rebuild a budget's totals and holds from entries; list what does not agree."""
    spent = _total(LedgerEntry.objects.filter(budget=budget), "amount")
    held = _total(Hold.objects.filter(budget=budget, closed_at__isnull=True), "remaining")
    found = []
    if budget.spent != spent:
        found.append(Difference(what=f"{budget}: spent", stored=budget.spent, rebuilt=spent))
    if budget.held != held:
        found.append(Difference(what=f"{budget}: held", stored=budget.held, rebuilt=held))
    if spent + held > budget.limit:
        found.append(Difference(what=f"{budget}: over its limit", stored=budget.limit, rebuilt=spent + held))
    found += _hold_differences(budget) + _reversal_differences(budget)
    return [*found, *_tally_differences(budget), *_cap_differences(budget)]


def _total(rows: QuerySet[LedgerEntry] | QuerySet[Hold], field: str) -> Decimal:
    return Decimal(rows.aggregate(total=Coalesce(Sum(field), ZERO))["total"])


def _hold_differences(budget: Budget) -> list[Difference]:
    """An open hold has left what it was placed for less what was entered against it; none was charged more."""
    left = F("amount") - Coalesce(Sum("entries__amount"), ZERO)
    is_open = Q(closed_at__isnull=True)
    holds = Hold.objects.filter(budget=budget).annotate(left=left)
    wrong = holds.filter(is_open & ~Q(remaining=F("left")) | Q(left__lt=0))
    return [
        Difference(what=f"hold {hold.source_key}: remaining", stored=hold.remaining, rebuilt=hold.left)
        for hold in wrong
    ]


def _reversal_differences(budget: Budget) -> list[Difference]:
    """A reversal undoes the whole of its entry, in the same budget."""
    wrong = (
        LedgerEntry.objects.filter(budget=budget, reverses__isnull=False)
        .exclude(amount=-F("reverses__amount"), reverses__budget=budget)
        .select_related("reverses")
    )
    return [
        Difference(what=f"reversal {entry.source_key}", stored=entry.amount, rebuilt=-entry.reverses.amount)
        for entry in wrong
        if entry.reverses
    ]


def _tally_differences(budget: Budget) -> Iterator[Difference]:
    """Each tally is the sum of the entries under its key, and each entry is in one."""
    entries = LedgerEntry.objects.filter(budget=budget).annotate(
        month=TruncMonth("occurred_at", tzinfo=UTC), fee_on_kind=Coalesce("fee_on__kind", Value(""))
    )
    rebuilt = {
        _tally_key(row): (row["total"], row["quantities"], row["rows"])
        for row in entries.values(*_TALLY_KEY).annotate(
            total=Sum("amount"), quantities=Sum("quantity"), rows=Count("pk")
        )
    }
    tallies = Tally.objects.filter(budget=budget)
    stored = {
        _tally_key(row): (row["amount"], row["quantity"], row["num_entries"])
        for row in tallies.values(*_TALLY_KEY, "amount", "quantity", "num_entries")
    }
    for key in sorted(stored.keys() | rebuilt.keys(), key=str):
        if stored.get(key) != rebuilt.get(key):
            yield Difference(
                what=f"{budget}: tally of {' '.join(str(part) for part in key if part)}",
                stored=_in_words(stored.get(key)),
                rebuilt=_in_words(rebuilt.get(key)),
            )


def _tally_key(row: dict[str, Any]) -> tuple[Any, ...]:
    month = row["month"]
    day: date = month.date() if isinstance(month, datetime) else month
    return (day, *(row[name] for name in _TALLY_KEY[1:]))


def _in_words(sums: tuple[Decimal, Decimal, int] | None) -> str:
    return "missing" if sums is None else f"{sums[0]} in {sums[2]} entries"


def _cap_differences(budget: Budget) -> Iterator[Difference]:
    for cap in Cap.objects.filter(budget=budget).select_related("budget"):
        taken = used(cap=cap)
        if taken > cap.limit:
            yield Difference(what=f"{budget}: over its cap for {str(cap).lower()}", stored=cap.limit, rebuilt=taken)
