"""Withdrawing examples: budgets that stop, and labels that come from elsewhere."""

from labeling.withdraw.already_labelled import follow_imported_labels, withdraw_labelled_of
from labeling.withdraw.stopping import follow_stops, kept_open, withdrawn

__all__ = ["follow_imported_labels", "follow_stops", "kept_open", "withdraw_labelled_of", "withdrawn"]
