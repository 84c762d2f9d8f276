"""What each paid annotation should have cost, rebuilt from prices and holds, for `ledger verify`."""

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from accounts.models import User
from budgets.models import Hold, Kind, LedgerEntry, Price
from budgets.money import quantize
from labeling.models import Annotation
from labeling.pay import hours, promised_price
from studies.models import Study


@dataclass(frozen=True, kw_only=True)
class Paid:
    """An entry that paid for an annotation, the key it should have and the amount it should be."""

    entry: LedgerEntry
    source_key: str
    amount: Decimal


def rebuilt_pay(*, study: Study) -> Iterator[Paid]:
    """Rebuild what a study's annotations were paid, accepted ones and paid skips, in the order they came."""
    promises = _Promises(study)
    paid = Annotation.objects.filter(example__study=study, entry__isnull=False).order_by("pk")
    rows = paid.select_related("entry__price", "assignment__hold__price__book", "assignment__hold__budget", "annotator")
    for annotation in rows.iterator(chunk_size=1000):
        entry = annotation.entry
        assert entry is not None
        if annotation.assignment is None or annotation.annotator is None:
            yield Paid(entry=entry, source_key=annotation.skip_key, amount=entry.price.cost(Decimal(1)))
            continue
        price = promises.price(annotation.assignment.hold, annotation.annotator)
        amount = price.cost(_quantity(entry, price, study))
        yield Paid(entry=entry, source_key=annotation.source_key, amount=amount)


def _quantity(entry: LedgerEntry, price: Price, study: Study) -> Decimal:
    """One label, or the hours that were entered, which may not be more than the study pays for."""
    if price.kind != Kind.LABELLING_HOUR:
        return Decimal(1)
    most = hours(timedelta(seconds=study.max_paid_seconds))
    # Some entries have their hours rounded to a millionth, which may be up.
    return min(entry.quantity, max(most, quantize(most)))


class _Promises:
    """Finds promised prices, asking once for all holds between two changes of the price book."""

    def __init__(self, study: Study) -> None:
        changes = study.budget.price_book.prices.values_list("starts_at", "created_at")
        self._changes = sorted({moment for change in changes for moment in change})
        self._found: dict[tuple[int, int, int], Price] = {}

    def price(self, hold: Hold, annotator: User) -> Price:
        key = (annotator.pk, hold.price_id, self._era(hold.created_at))
        if key not in self._found:
            self._found[key] = promised_price(hold=hold, annotator=annotator)
        return self._found[key]

    def _era(self, moment: datetime) -> int:
        return bisect_right(self._changes, moment)
