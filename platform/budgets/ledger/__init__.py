"""Holds and entries, made under the budget's lock."""

from budgets.ledger.charging import AlreadyReversed, Cost, charge, reverse, settle, take_back
from budgets.ledger.headroom import BudgetExceeded, BudgetStopped, CapExceeded, needs_top_up, room, used
from budgets.ledger.holds import HoldClosed, Want, extend_hold, place_holds, release
from budgets.ledger.locked_budget import (
    begin_stop,
    end_stop,
    lock,
    month_of,
    page_of,
    stop_if_spent,
    tell_of_thresholds,
)
from budgets.ledger.repricing import Period, Repricing, preview_repricing, reprice

__all__ = [
    "AlreadyReversed",
    "BudgetExceeded",
    "BudgetStopped",
    "CapExceeded",
    "Cost",
    "HoldClosed",
    "Period",
    "Repricing",
    "Want",
    "begin_stop",
    "charge",
    "end_stop",
    "extend_hold",
    "lock",
    "month_of",
    "needs_top_up",
    "page_of",
    "place_holds",
    "preview_repricing",
    "release",
    "reprice",
    "reverse",
    "room",
    "settle",
    "stop_if_spent",
    "take_back",
    "tell_of_thresholds",
    "used",
]
