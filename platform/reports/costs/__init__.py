"""Cost reports, their exports and statements."""

from reports.costs.costs import OF_ONE_KIND, CostFilter, CostRow, Grouping, Total, cost_rows, names_of, total_of, totals
from reports.costs.entries import (
    BadCursor,
    Behind,
    Cursor,
    EntryPage,
    behind,
    entry_page,
    page_of_rows,
    related,
    running_total,
)
from reports.costs.exports import FORMATS, export_entries, grouped_csv
from reports.costs.statements import MOST_LISTED, Days, statement_of

__all__ = [
    "FORMATS",
    "MOST_LISTED",
    "OF_ONE_KIND",
    "BadCursor",
    "Behind",
    "CostFilter",
    "CostRow",
    "Cursor",
    "Days",
    "EntryPage",
    "Grouping",
    "Total",
    "behind",
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
