"""Costs summed by what a cost report asks for. Read from tallies, so that a million entries cost no more than a few.

Months are in UTC, by when the work was done. Amounts of different currencies are in different rows and totals.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time
from decimal import Decimal
from operator import attrgetter
from typing import Any, NamedTuple

from django.db import models
from django.db.models import F, Q, QuerySet, Sum

from accounts.models import User
from budgets.cost_kinds import CostKind
from budgets.models import Budget, LedgerEntry, Origin, Path, Price, Tally
from budgets.money import ZERO
from runs.models import Run
from studies.models import Study


class Grouping(models.TextChoices):
    STUDY = "study", "Study"
    PATH = "path", "Path"
    KIND = "kind", "Kind"
    ANNOTATOR = "annotator", "Annotator"
    RUN = "run", "Run"
    PRICE = "price", "Price"
    MONTH = "month", "Month"
    ORIGIN = "origin", "Origin"


# Columns of a tally; but for the month, an entry has them too.
FIELDS = {
    Grouping.STUDY: "budget_id",
    Grouping.PATH: "path",
    Grouping.KIND: "kind",
    Grouping.ANNOTATOR: "payee_id",
    Grouping.RUN: "work_key",
    Grouping.PRICE: "price_id",
    Grouping.MONTH: "month",
    Grouping.ORIGIN: "origin",
}
WITHOUT = {
    Grouping.PATH: "No path",
    Grouping.ANNOTATOR: "Nobody: compute and fees",
    Grouping.RUN: "No run",
}


@dataclass(frozen=True, kw_only=True)
class CostFilter:
    """Which costs are selected. None or "" selects those without annotator, path or run.

    A study is named by its budget's id, a run by its work key (`run:57`). Months are first days; both ends included.
    """

    where: Mapping[Grouping, Any] = field(default_factory=dict)
    first_month: date | None = None
    last_month: date | None = None

    def narrowed(self, by: Grouping, key: Any) -> "CostFilter":
        """This filter, for one row of a report grouped by something."""
        if by == Grouping.MONTH:
            return replace(self, first_month=key, last_month=key)
        return replace(self, where={**self.where, by: key})

    def tallies(self) -> QuerySet[Tally]:
        months = Q()
        if self.first_month is not None:
            months &= Q(month__gte=self.first_month)
        if self.last_month is not None:
            months &= Q(month__lte=self.last_month)
        return Tally.objects.filter(months, **self._columns())

    def entries(self) -> QuerySet[LedgerEntry]:
        times = Q()
        if self.first_month is not None:
            times &= Q(occurred_at__gte=start_of(self.first_month))
        if self.last_month is not None:
            times &= Q(occurred_at__lt=start_of(next_month(self.last_month)))
        return LedgerEntry.objects.filter(times, **self._columns())

    def _columns(self) -> dict[str, Any]:
        return {FIELDS[by]: key for by, key in self.where.items()}


class CurrencyCost(NamedTuple):
    currency: str
    amount: Decimal
    num_entries: int


class CostRow(NamedTuple):
    """Costs that share a key. `quantity` is in the unit of the kind; None where kinds are mixed."""

    currency: str
    key: Any
    amount: Decimal
    num_entries: int
    quantity: Decimal | None = None


# What is summed by these is of one kind, so that quantities can be added.
OF_ONE_KIND = frozenset({Grouping.KIND, Grouping.PRICE})


def cost_rows(*, wanted: CostFilter, by: Grouping) -> list[CostRow]:
    """Sum costs by something: months from the latest back, all else from the highest amount down."""
    rows = _sums(wanted, by)
    if by == Grouping.MONTH:
        return sorted(rows, key=lambda row: (row.key, row.currency), reverse=True)
    rows.sort(key=attrgetter("amount"), reverse=True)
    return sorted(rows, key=attrgetter("currency"))


def _sums(wanted: CostFilter, by: Grouping) -> list[CostRow]:
    """Summed by budget first: a budget has one currency, and looking it up for each tally would take longer."""
    quantity = {"quantities": Sum("quantity")} if by in OF_ONE_KIND else {}
    key = F("budget_id") if by == Grouping.STUDY else F(FIELDS[by])
    sums = (
        wanted.tallies().values_list("budget_id", key).annotate(total=Sum("amount"), num=Sum("num_entries"), **quantity)
    )
    currencies = dict(Budget.objects.values_list("pk", "currency"))
    found: dict[tuple[str, Any], CostRow] = {}
    # Nearly in order already, and those of the same amount always in the same one.
    for budget, *values in sums.order_by("-total", key):
        row = CostRow(currencies[budget], *values)
        there = found.setdefault(row[:2], row)
        if there is not row:
            found[row[:2]] = _added(there, row)
    return list(found.values())


def _added(one: CostRow, other: CostRow) -> CostRow:
    quantity = one.quantity + other.quantity if one.quantity is not None and other.quantity is not None else None
    amount, num_entries = one.amount + other.amount, one.num_entries + other.num_entries
    return CostRow(one.currency, one.key, amount, num_entries, quantity)


def totals(rows: Iterable[CostRow]) -> list[CurrencyCost]:
    sums: dict[str, tuple[Decimal, int]] = defaultdict(lambda: (ZERO, 0))
    for row in rows:
        amount, num_entries = sums[row.currency]
        sums[row.currency] = (amount + row.amount, num_entries + row.num_entries)
    return [CurrencyCost(currency=name, amount=sums[name][0], num_entries=sums[name][1]) for name in sorted(sums)]


def total_of(*, wanted: CostFilter) -> list[CurrencyCost]:
    """What a filter leaves comes to, by currency."""
    return totals(_sums(wanted, Grouping.STUDY))


def names_of(*, by: Grouping, keys: Iterable[Any]) -> dict[Any, str]:
    wanted = list(keys)
    named = [key for key in wanted if key not in (None, "")]
    found = _NAMES[by](named)
    return {key: WITHOUT[by] if key in (None, "") else found.get(key, str(key)) for key in wanted}


def _labels(choices: type[models.TextChoices]) -> Callable[[list[Any]], dict[Any, str]]:
    return lambda keys: {key: str(choices(key).label) for key in keys}


def _study_names(keys: list[Any]) -> dict[Any, str]:
    """A budget is called as its study is; one that no study has, by its own name."""
    budgets = Budget.objects.filter(pk__in=keys).values_list("pk", "name")
    return {**dict(budgets), **dict(Study.objects.filter(budget__in=keys).values_list("budget_id", "name"))}


def _annotator_names(keys: list[Any]) -> dict[Any, str]:
    people = User.objects.filter(pk__in=keys).values_list("pk", "name", "email")
    return {pk: f"{name} ({email})" for pk, name, email in people}


def _run_names(keys: list[Any]) -> dict[Any, str]:
    ids = [int(key.removeprefix("run:")) for key in keys if key.removeprefix("run:").isdecimal()]
    return {run.source_key: str(run) for run in Run.objects.filter(pk__in=ids).only("pk", "kind")}


def _price_names(keys: list[Any]) -> dict[Any, str]:
    prices = Price.objects.filter(pk__in=keys).select_related("book", "budget", "annotator")
    return {price.pk: price_name(price) for price in prices}


def price_name(price: Price) -> str:
    """A price with its scope and its start: two of the same amount are told apart."""
    scope = [f"“{price.budget}”" if price.budget else "", price.annotator.name if price.annotator else ""]
    narrowed = f", for {', '.join(filter(None, scope))}" if any(scope) else ""
    corrected = ", corrected" if price.corrects_id else ""
    return f"{price}{narrowed}, from {price.starts_at:%Y-%m-%d}{corrected}"


_NAMES: dict[Grouping, Callable[[list[Any]], dict[Any, str]]] = {
    Grouping.STUDY: _study_names,
    Grouping.PATH: _labels(Path),
    Grouping.KIND: _labels(CostKind),
    Grouping.ANNOTATOR: _annotator_names,
    Grouping.RUN: _run_names,
    Grouping.PRICE: _price_names,
    Grouping.MONTH: lambda keys: {key: f"{key:%Y-%m}" for key in keys},
    Grouping.ORIGIN: _labels(Origin),
}


def start_of(month: date) -> datetime:
    return datetime.combine(month, time.min, tzinfo=UTC)


def next_month(month: date) -> date:
    """The first day of the month after a first day; the last month that there is stays."""
    if (month.year, month.month) == (date.max.year, 12):
        return date.max
    return date(month.year + month.month // 12, month.month % 12 + 1, 1)
