"""Ledger entries as rows of a file, read one after the other from one moment, however many there are."""

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from budgets.cost_kinds import CostKind
from reports.costs.costs import CostFilter
from reports.queries import one_moment

ROWS_AT_A_TIME = 5000


class EntryRow(NamedTuple):
    """A ledger entry with the names that it points to. Times are in UTC; `price` is a percent for a platform fee."""

    entry_id: int
    budget_id: int
    study: str | None
    budget: str
    currency: str
    occurred_at: datetime
    entered_at: datetime
    kind: str
    path: str
    origin: str
    annotator: str | None
    run: str
    quantity: Decimal
    price_id: int
    price: Decimal
    device: str
    amount: Decimal
    source_key: str
    subject_key: str
    memo: str
    overshoot: bool
    reverses_id: int | None
    replaces_id: int | None
    reversed_at: datetime | None

    @property
    def name(self) -> str:
        """What the costs are listed under: the study, or a budget that no study has."""
        return self.study or self.budget

    @property
    def unit(self) -> str:
        unit = CostKind(self.kind).facts.unit
        return unit.name if unit else self.currency


_LOOKUPS = {
    "entry_id": "pk",
    "study": "budget__study__name",
    "budget": "budget__name",
    "currency": "budget__currency",
    "entered_at": "created_at",
    "annotator": "payee__email",
    "run": "work_key",
    "price": "price__amount",
    "device": "price__device",
    "reversed_at": "reverses__occurred_at",
}


def entry_rows(*, wanted: CostFilter) -> Iterator[EntryRow]:
    """Yield the entries that a filter leaves, in the order in which they were entered."""
    rows = wanted.entries().order_by("pk").values_list(*(_LOOKUPS.get(name, name) for name in EntryRow._fields))
    with one_moment():
        for row in rows.iterator(chunk_size=ROWS_AT_A_TIME):
            yield EntryRow(*row)
