"""Whether each entry and each open hold has what it should hang on; asked of the database, many budgets at once."""

from collections.abc import Iterator, Sequence

from django.db.models import F, Q

from budgets.cost_kinds import CostKind, SourceType, kinds_of
from budgets.models import Budget, Hold, LedgerEntry
from budgets.queries import Difference
from reports.sources import MISSING, READERS


def entry_differences(*budgets: Budget) -> Iterator[Difference]:
    """List entries that their sources do not bear out, replacements of another amount, and holds of nothing."""
    for reader in READERS.values():
        yield from reader.check(budgets)
    yield from _wrong_replacements(budgets)
    yield from _holds_of_nothing(budgets)


def _wrong_replacements(budgets: Sequence[Budget]) -> Iterator[Difference]:
    """The replacement of a re-priced entry is its quantity at the corrected price; the entry itself is reversed."""
    stand_ins = LedgerEntry.objects.filter(budget__in=budgets, reverses__isnull=True, replaces__isnull=False)
    priced = stand_ins.exclude(kind=CostKind.PLATFORM_FEE).select_related("price").order_by("pk")
    for entry in priced.iterator(chunk_size=1000):
        right = entry.price.cost(entry.quantity)
        if entry.amount != right:
            yield Difference(what=f"replacement {entry.source_key}", stored=entry.amount, rebuilt=right)
    doubled = stand_ins.filter(Q(replaces__reversal__isnull=True) | ~Q(replaces__budget=F("budget")))
    for key, amount in doubled.order_by("pk").values_list("source_key", "amount"):
        yield Difference(what=f"reversal of what {key} replaces", stored=amount, rebuilt=MISSING)


def _holds_of_nothing(budgets: Sequence[Budget]) -> Iterator[Difference]:
    """An open hold is for a requested annotation, for a run that has not ended, or for what a caller will enter."""
    nothing = Hold.objects.filter(
        budget__in=budgets, closed_at__isnull=True, assignment__isnull=True, run__isnull=True, remaining__gt=0
    ).exclude(kind__in=kinds_of(SourceType.CALLER))
    for key, remaining in nothing.order_by("pk").values_list("source_key", "remaining"):
        yield Difference(what=f"hold {key}: what it is for", stored=remaining, rebuilt=MISSING)
