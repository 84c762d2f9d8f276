"""Ledger entries behind a figure, page by page.

A page is found by where the one before it ended, never by counting; tallies say how many there are, and in which months
and budgets to look, so that few entries are read however many there are.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from django.db.models import F, Q, QuerySet, Sum

from budgets.ledger import month_of
from budgets.models import LedgerEntry, sum_of
from config.refusals import Refusal
from reports.costs.costs import CostFilter, next_month, start_of

PAGE_SIZE = 50
# With more budgets than this, a month of all entries is read instead of a list of budgets.
_MOST_BUDGETS = 25


class BadCursor(Refusal):
    """The address of a page of entries was changed by hand: it names no place in the ledger."""


@dataclass(frozen=True, kw_only=True)
class Cursor:
    """The last entry of the page before."""

    occurred_at: datetime
    entry_id: int

    def __str__(self) -> str:
        return f"{self.occurred_at.isoformat()}~{self.entry_id}"

    @classmethod
    def parse(cls, text: str) -> "Cursor | None":
        """Read what a URL carries; nothing means the first page. Raises BadCursor."""
        if not text:
            return None
        moment, _, entry_id = text.partition("~")
        try:
            found = cls(occurred_at=datetime.fromisoformat(moment), entry_id=int(entry_id))
        except ValueError:
            raise BadCursor(f"{text!r} names no entry. Begin at the first page.", field="after") from None
        if found.occurred_at.tzinfo is None:
            raise BadCursor(f"{text!r} has no time zone. Begin at the first page.", field="after")
        return found

    def earlier(self) -> Q:
        same_moment = Q(occurred_at=self.occurred_at, pk__lt=self.entry_id)
        return Q(occurred_at__lte=self.occurred_at) & (Q(occurred_at__lt=self.occurred_at) | same_moment)


@dataclass(frozen=True, kw_only=True)
class EntryPage:
    """Entries from the latest back. `older` is where the next page begins; None on the last."""

    entries: Sequence[LedgerEntry]
    older: Cursor | None


def entry_page(*, wanted: CostFilter, after: Cursor | None = None, size: int = PAGE_SIZE) -> EntryPage:
    """Read one page of the entries that a filter leaves."""
    reach = _reach(wanted, after, size)
    if reach is None:
        return EntryPage(entries=[], older=None)
    rows = wanted.entries().filter(reach)
    if after is not None:
        rows = rows.filter(after.earlier())
    return page_of_rows(rows, size=size)


def page_of_rows(rows: QuerySet[LedgerEntry], *, size: int = PAGE_SIZE) -> EntryPage:
    """The latest of these entries, with what a list shows of each."""
    # First which ones, then their names: with all the names at hand, a planner may join before it has chosen.
    ids = list(rows.order_by("-occurred_at", "-pk").values_list("pk", flat=True)[: size + 1])
    listed = LedgerEntry.objects.filter(pk__in=ids[:size]).order_by("-occurred_at", "-pk")
    shown = list(listed.select_related("price", "reversal", "payee", "budget__study"))
    last = Cursor(occurred_at=shown[-1].occurred_at, entry_id=shown[-1].pk) if len(ids) > size else None
    return EntryPage(entries=shown, older=last)


def running_total(*, wanted: CostFilter, after: Cursor | None) -> Decimal:
    """The total of a page's entries and all older ones; in one currency only."""
    tallies = wanted.tallies()
    if after is None:
        return sum_of(tallies)
    month = month_of(after.occurred_at)
    in_month = wanted.entries().filter(after.earlier(), occurred_at__gte=start_of(month))
    return sum_of(tallies.filter(month__lt=month)) + sum_of(in_month)


def _reach(wanted: CostFilter, after: Cursor | None, size: int) -> Q | None:
    """The months, and where they are few the budgets, that a page's entries lie in; None where there are none."""
    tallies = wanted.tallies()
    if after is not None:
        tallies = tallies.filter(month__lte=month_of(after.occurred_at))
    months = list(tallies.values_list("month").annotate(num=Sum("num_entries")).order_by("-month"))
    if not months:
        return None
    earliest = _earliest_month(months, after, size)
    latest = months[0][0]
    reach = Q(occurred_at__gte=start_of(earliest), occurred_at__lt=start_of(next_month(latest)))
    budgets = tallies.filter(month__gte=earliest).order_by().values_list("budget_id", flat=True).distinct()
    found = list(budgets[: _MOST_BUDGETS + 1])
    return reach & Q(budget_id__in=found) if len(found) <= _MOST_BUDGETS else reach


def _earliest_month(months: Sequence[tuple[date, int]], after: Cursor | None, size: int) -> date:
    """How far back a page may reach. The cursor's own month counts nothing: all of it may lie on pages before."""
    passed = month_of(after.occurred_at) if after is not None else None
    num_found = 0
    for month, num in months:
        num_found += 0 if month == passed else num
        if num_found > size:
            return month
    return months[-1][0]


def related(entry: LedgerEntry) -> QuerySet[LedgerEntry]:
    """All entries of the same subject: its fee, its reversal and what replaced it, oldest first."""
    same = LedgerEntry.objects.filter(budget=entry.budget_id, subject_key=entry.subject_key)
    return same.select_related("price__book").order_by(F("pk"))
