"""Totals rebuilt from the rows, and where they differ from what is stored."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC
from decimal import Decimal

from django.db.models import Count, DateField, F, Q, QuerySet, Sum, Value
from django.db.models.functions import Coalesce, TruncMonth

from budgets.ledger import used
from budgets.models import Budget, Cap, Hold, LedgerEntry, Tally
from budgets.money import ZERO


@dataclass(frozen=True, kw_only=True)
class Difference:
    """A stored figure that its source rows do not bear out."""

    what: str
    stored: Decimal | str
    rebuilt: Decimal | str

    def __str__(self) -> str:
        return f"{self.what}: stored {self.stored}, rebuilt {self.rebuilt}"


def differences(*budgets: Budget) -> list[Difference]:
    """Rebuild the totals and holds of budgets from entries, all of them at once; list what does not agree."""
    by_id = {budget.pk: budget for budget in budgets}
    return [
        *_total_differences(by_id),
        *_hold_differences(by_id),
        *_reversal_differences(by_id),
        *_tally_differences(by_id),
        *_cap_differences(by_id),
    ]


def _total_differences(by_id: Mapping[int, Budget]) -> Iterator[Difference]:
    entered = _totals(LedgerEntry.objects.filter(budget__in=by_id), "amount")
    on_hold = _totals(Hold.objects.filter(budget__in=by_id, closed_at__isnull=True), "remaining")
    for budget in by_id.values():
        spent, held = entered.get(budget.pk, ZERO), on_hold.get(budget.pk, ZERO)
        if budget.spent != spent:
            yield Difference(what=f"{budget}: spent", stored=budget.spent, rebuilt=spent)
        if budget.held != held:
            yield Difference(what=f"{budget}: held", stored=budget.held, rebuilt=held)
        if spent + held > budget.limit:
            yield Difference(what=f"{budget}: over its limit", stored=budget.limit, rebuilt=spent + held)


def _totals(rows: QuerySet[LedgerEntry] | QuerySet[Hold], field: str) -> dict[int, Decimal]:
    return dict(rows.order_by().values_list("budget").annotate(total=Sum(field)))


def _hold_differences(by_id: Mapping[int, Budget]) -> Iterator[Difference]:
    """An open hold has left what it was placed for less what was entered against it; none was charged more."""
    left = F("amount") - Coalesce(Sum("entries__amount"), ZERO)
    is_open = Q(closed_at__isnull=True)
    holds = Hold.objects.filter(budget__in=by_id).annotate(left=left)
    for hold in holds.filter(is_open & ~Q(remaining=F("left")) | Q(left__lt=0)):
        yield Difference(what=f"hold {hold.source_key}: remaining", stored=hold.remaining, rebuilt=hold.left)


def _reversal_differences(by_id: Mapping[int, Budget]) -> Iterator[Difference]:
    """A reversal undoes the whole of its entry, in the same budget."""
    reversals = LedgerEntry.objects.filter(budget__in=by_id, reverses__isnull=False)
    wrong = reversals.exclude(amount=-F("reverses__amount"), reverses__budget=F("budget"))
    for entry in wrong.select_related("reverses"):
        assert entry.reverses
        yield Difference(what=f"reversal {entry.source_key}", stored=entry.amount, rebuilt=-entry.reverses.amount)


def _tally_differences(by_id: Mapping[int, Budget]) -> Iterator[Difference]:
    """Each tally is the sum of the entries under its key, and each entry is in one."""
    entries = LedgerEntry.objects.filter(budget__in=by_id).annotate(
        month=TruncMonth("occurred_at", tzinfo=UTC, output_field=DateField()),
        fee_on_kind=Coalesce("fee_on__kind", Value("")),
    )
    sums = entries.order_by().values_list(*Tally.KEY).annotate(Sum("amount"), Sum("quantity"), Count("pk"))
    tallies = Tally.objects.filter(budget__in=by_id).values_list(*Tally.KEY, "amount", "quantity", "num_entries")
    rebuilt, stored = ({row[:-3]: row[-3:] for row in rows} for rows in (sums, tallies))
    for key in sorted(stored.keys() | rebuilt.keys(), key=str):
        if stored.get(key) != rebuilt.get(key):
            yield Difference(
                what=f"{by_id[key[0]]}: tally of {' '.join(str(part) for part in key[1:] if part)}",
                stored=_in_words(stored.get(key)),
                rebuilt=_in_words(rebuilt.get(key)),
            )


def _in_words(sums: tuple[Decimal, Decimal, int] | None) -> str:
    return "missing" if sums is None else f"{sums[0]} in {sums[2]} entries"


def _cap_differences(by_id: Mapping[int, Budget]) -> Iterator[Difference]:
    for cap in Cap.objects.filter(budget__in=by_id).select_related("budget"):
        taken = used(cap=cap)
        if taken > cap.limit:
            yield Difference(what=f"{cap.budget}: over its cap for {str(cap).lower()}", stored=cap.limit, rebuilt=taken)
