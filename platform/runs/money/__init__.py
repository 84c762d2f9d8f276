"""What a run costs: its bill, its hold and its time limit."""

from runs.money.billing import bill, cost_of, seconds_of
from runs.money.holds import hold_worst_case
from runs.money.time_limit import SECONDS_PER_MINUTE, cost_per_minute, minutes_that_fit, seconds_left, seconds_used

__all__ = [
    "SECONDS_PER_MINUTE",
    "bill",
    "cost_of",
    "cost_per_minute",
    "hold_worst_case",
    "minutes_that_fit",
    "seconds_left",
    "seconds_of",
    "seconds_used",
]
