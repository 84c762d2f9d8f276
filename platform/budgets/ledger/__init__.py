"""Holds and entries, made under the budget's lock.

Operations raise Forbidden where their actor may not do this, and Refusal with its field for a bad value.
"""

from budgets.ledger.capacity import BudgetExceeded, BudgetStopped, CapExceeded, Headroom, headroom, used
from budgets.ledger.charging import AlreadyReversed, Cost, charge, reverse, settle, take_back
from budgets.ledger.holds import HoldRequest, extend_hold, place_holds, release
from budgets.ledger.locked_budget import begin_stop, end_stop, lock, month_of, notify_thresholds, stop_if_spent
from budgets.ledger.repricing import Period, RepricingPreview, preview_repricing, reprice
from budgets.ledger.room import CapLeft, Part, Room

__all__ = [
    "AlreadyReversed",
    "BudgetExceeded",
    "BudgetStopped",
    "CapExceeded",
    "CapLeft",
    "Cost",
    "Headroom",
    "HoldRequest",
    "Part",
    "Period",
    "RepricingPreview",
    "Room",
    "begin_stop",
    "charge",
    "end_stop",
    "extend_hold",
    "headroom",
    "lock",
    "month_of",
    "notify_thresholds",
    "place_holds",
    "preview_repricing",
    "release",
    "reprice",
    "reverse",
    "settle",
    "stop_if_spent",
    "take_back",
    "used",
]
