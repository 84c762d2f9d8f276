"""Cost reports, their exports and statements."""

from reports.costs.costs import (
    OF_ONE_KIND,
    CostFilter,
    CostRow,
    CurrencyCost,
    Grouping,
    cost_rows,
    names_of,
    total_of,
    totals,
)
from reports.costs.entries import BadCursor, Cursor, EntryPage, entry_page, page_of_rows, related, running_total
from reports.costs.exports import FORMATS, export_entries, grouped_csv
from reports.costs.statements import MOST_LISTED, DayPeriod, statement_of

__all__ = [
    "FORMATS",
    "MOST_LISTED",
    "OF_ONE_KIND",
    "BadCursor",
    "CostFilter",
    "CostRow",
    "CurrencyCost",
    "Cursor",
    "DayPeriod",
    "EntryPage",
    "Grouping",
    "cost_rows",
    "entry_page",
    "export_entries",
    "grouped_csv",
    "names_of",
    "page_of_rows",
    "related",
    "running_total",
    "statement_of",
    "total_of",
    "totals",
]
