"""What each paid annotation should have cost, rebuilt from prices and holds, for `ledger verify`."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from accounts.models import User
from budgets.cost_kinds import CostKind
from budgets.models import Hold, LedgerEntry, Price
from budgets.money import quantize
from labeling.models import Annotation
from labeling.payment.pay import hours, promised_price
from studies.models import Study

ROWS_AT_A_TIME = 1000


@dataclass(frozen=True, kw_only=True)
class PaidEntry:
    """An entry that paid for an annotation of a study, the key it should have and the amount it should be."""

    study: Study
    entry: LedgerEntry
    source_key: str
    amount: Decimal


def rebuilt_pay(*, studies: Sequence[Study]) -> Iterator[PaidEntry]:
    """Rebuild what the annotations of studies were paid, accepted ones and paid skips, in the order they came."""
    promises, by_id = _Promises(studies), {study.pk: study for study in studies}
    paid = Annotation.objects.filter(example__study__in=studies, entry__isnull=False).order_by("pk")
    # Each table by its own keys: a join of eight tables depends on the planner's estimate of rows.
    rows = paid.prefetch_related(
        "example", "entry__price__book", "assignment__hold__price__book", "assignment__hold__budget", "annotator"
    )
    for annotation in rows.iterator(chunk_size=ROWS_AT_A_TIME):
        entry, study = annotation.entry, by_id[annotation.example.study_id]
        assert entry is not None
        if annotation.assignment is None or annotation.annotator is None:
            source_key, amount = annotation.skip_key, entry.price.cost(Decimal(1))
        else:
            price = promises.price(annotation.assignment.hold, annotation.annotator)
            source_key, amount = annotation.source_key, price.cost(_quantity(entry, price, study))
        yield PaidEntry(study=study, entry=entry, source_key=source_key, amount=amount)


def _quantity(entry: LedgerEntry, price: Price, study: Study) -> Decimal:
    """One label, or the hours that were entered, which may not be more than the study pays for."""
    if price.kind != CostKind.LABELLING_HOUR:
        return Decimal(1)
    most = hours(timedelta(seconds=study.max_paid_seconds))
    # Some entries have their hours rounded to a millionth, which may be up.
    return min(entry.quantity, max(most, quantize(most)))


class _Promises:
    """Finds promised prices, asking once for all holds between two changes of the price book."""

    def __init__(self, studies: Sequence[Study]) -> None:
        books = {study.budget.price_book_id for study in studies}
        changes = Price.objects.filter(book__in=books).values_list("starts_at", "created_at")
        self._changes = sorted({moment for change in changes for moment in change})
        self._found: dict[tuple[int, int, int, int], Price] = {}

    def price(self, hold: Hold, annotator: User) -> Price:
        key = (annotator.pk, hold.budget_id, hold.price_id, bisect_right(self._changes, hold.created_at))
        if key not in self._found:
            self._found[key] = promised_price(hold=hold, annotator=annotator)
        return self._found[key]
