"""Whether each entry and each open hold has what it should hang on; asked of the database, many budgets at once."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

from django.db.models import ExpressionWrapper, F, Q, QuerySet
from django.db.models.functions import Round

from budgets.models import Budget, Hold, Kind, LedgerEntry, amount_field
from budgets.queries import Difference

MISSING = "missing"
_PER_CENT = Decimal("0.01")
# Kinds that annotations and attempts are paid as. The others are entered by callers, under keys of their own.
_HAVE_A_SOURCE = (Kind.LABEL, Kind.LABELLING_HOUR, Kind.SKIP, Kind.DEVICE_HOUR)


def entry_differences(*budgets: Budget) -> Iterator[Difference]:
    """List entries without a source, fees and replacements that are not what they should be, and holds of nothing."""
    yield from _entries_without_source(budgets)
    yield from _wrong_fees(budgets)
    yield from _standing_fees(budgets)
    yield from _wrong_replacements(budgets)
    yield from _holds_of_nothing(budgets)


def _entries_without_source(budgets: Sequence[Budget]) -> Iterator[Difference]:
    """What is paid of an annotation or a run belongs to the annotation or the attempt. Other kinds are callers' own.

    A skip that became an answer was taken back; its annotation's entry is the answer's.
    """
    of_ours = Q(kind__in=_HAVE_A_SOURCE) | Q(source_key__startswith="annotation:") | Q(source_key__startswith="run:")
    own = Q(reverses__isnull=True, replaces__isnull=True) & ~Q(kind=Kind.PLATFORM_FEE) & of_ours
    own &= ~Q(kind=Kind.SKIP, reversal__isnull=False)
    sourceless = LedgerEntry.objects.filter(own, budget__in=budgets, annotation__isnull=True, attempt__isnull=True)
    for key, amount in sourceless.order_by("pk").values_list("source_key", "amount"):
        yield Difference(what=f"source of {key}", stored=amount, rebuilt=MISSING)


def _wrong_fees(budgets: Sequence[Budget]) -> Iterator[Difference]:
    """A fee is its percent of the entry that it is on top of."""
    fees = _not_reversals(budgets).filter(kind=Kind.PLATFORM_FEE)
    for key, amount in fees.filter(fee_on__isnull=True).order_by("pk").values_list("source_key", "amount"):
        yield Difference(what=f"what {key} is on top of", stored=amount, rebuilt=MISSING)
    right = Round(_product("fee_on__amount", "price__amount", _PER_CENT), precision=6)
    on_top = fees.filter(fee_on__isnull=False).annotate(right=right)
    elsewhere = ~Q(fee_on__budget=F("budget")) | ~Q(fee_on__subject_key=F("subject_key"))
    wrong = on_top.filter(~Q(amount=F("right")) | ~Q(quantity=F("fee_on__amount")) | elsewhere)
    for key, amount, rebuilt in wrong.order_by("pk").values_list("source_key", "amount", "right"):
        yield Difference(what=f"fee {key}", stored=amount, rebuilt=rebuilt)


def _standing_fees(budgets: Sequence[Budget]) -> Iterator[Difference]:
    """What was undone took its fee along."""
    standing = _not_reversals(budgets).filter(kind=Kind.PLATFORM_FEE, reversal__isnull=True)
    wrong = standing.filter(fee_on__reversal__isnull=False)
    for key, amount in wrong.order_by("pk").values_list("source_key", "amount"):
        yield Difference(what=f"fee {key} on what was reversed", stored=amount, rebuilt="0")


def _wrong_replacements(budgets: Sequence[Budget]) -> Iterator[Difference]:
    """The replacement of a re-priced entry is its quantity at the corrected price; the entry itself is reversed."""
    stand_ins = _not_reversals(budgets).filter(replaces__isnull=False)
    priced = stand_ins.exclude(kind=Kind.PLATFORM_FEE).select_related("price").order_by("pk")
    for entry in priced.iterator(chunk_size=1000):
        right = entry.price.cost(entry.quantity)
        if entry.amount != right:
            yield Difference(what=f"replacement {entry.source_key}", stored=entry.amount, rebuilt=right)
    doubled = stand_ins.filter(Q(replaces__reversal__isnull=True) | ~Q(replaces__budget=F("budget")))
    for key, amount in doubled.order_by("pk").values_list("source_key", "amount"):
        yield Difference(what=f"reversal of what {key} replaces", stored=amount, rebuilt=MISSING)


def _holds_of_nothing(budgets: Sequence[Budget]) -> Iterator[Difference]:
    """An open hold is for a requested annotation, or for a run that has not ended."""
    nothing = Hold.objects.filter(
        budget__in=budgets, closed_at__isnull=True, assignment__isnull=True, run__isnull=True, remaining__gt=0
    )
    for key, remaining in nothing.order_by("pk").values_list("source_key", "remaining"):
        yield Difference(what=f"hold {key}: what it is for", stored=remaining, rebuilt=MISSING)


def _not_reversals(budgets: Sequence[Budget]) -> QuerySet[LedgerEntry]:
    return LedgerEntry.objects.filter(budget__in=budgets, reverses__isnull=True)


def _product(first: str, second: str, factor: Decimal = Decimal(1)) -> "ExpressionWrapper[Any]":
    """Multiply as PostgreSQL does, which keeps every digit; a division would not."""
    return ExpressionWrapper(F(first) * F(second) * factor, output_field=amount_field())
