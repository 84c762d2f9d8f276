"""What a project hands out: closing and reopening it, its queue, and overlap."""

from labeling.server.projects.closing import reopen, shut, withdraw
from labeling.server.projects.gate import asks_for_next, check_closed, check_given, keep_one_lock
from labeling.server.projects.overlap import list_examples, set_overlap

__all__ = [
    "asks_for_next",
    "check_closed",
    "check_given",
    "keep_one_lock",
    "list_examples",
    "reopen",
    "set_overlap",
    "shut",
    "withdraw",
]
