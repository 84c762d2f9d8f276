"""A budget's limit, caps and stops.

Operations raise Forbidden where their actor may not do this, and Refusal with its field for a bad value.
"""

from budgets.limits.limit_requests import (
    StaleEdit,
    confirm_limit,
    decline_limit,
    set_confirm_above,
    waiting_request,
    waiting_requests,
)
from budgets.limits.limits import open_budget, remove_cap, rename_budget, set_cap, set_limit, set_thresholds, top_up
from budgets.limits.stops import archive_budget, exhaust, resume, stop_everything, unarchive_budget

__all__ = [
    "StaleEdit",
    "archive_budget",
    "confirm_limit",
    "decline_limit",
    "exhaust",
    "open_budget",
    "remove_cap",
    "rename_budget",
    "resume",
    "set_cap",
    "set_confirm_above",
    "set_limit",
    "set_thresholds",
    "stop_everything",
    "top_up",
    "unarchive_budget",
    "waiting_request",
    "waiting_requests",
]
