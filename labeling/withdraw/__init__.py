"""Withdrawing examples: budgets that stop, and labels that come from elsewhere."""

from labeling.withdraw.imported_labels import follow_imported_labels, follow_undone_imports, withdraw_labelled_of
from labeling.withdraw.stops import follow_stops, kept_open, withdrawn

__all__ = [
    "follow_imported_labels",
    "follow_stops",
    "follow_undone_imports",
    "kept_open",
    "withdraw_labelled_of",
    "withdrawn",
]
