"""Reading annotations one at a time: matching, accepting, rejecting, forgetting."""

from labeling.annotations.accept import MergeResult, People, give_back, mark_gone, merge, pay_waiting
from labeling.annotations.deciding import decide_label
from labeling.annotations.forgetting import GONE, forget_if_gone
from labeling.annotations.troubles import note_error, note_unreadable, notify_of, own_fault

__all__ = [
    "GONE",
    "MergeResult",
    "People",
    "decide_label",
    "forget_if_gone",
    "give_back",
    "mark_gone",
    "merge",
    "note_error",
    "note_unreadable",
    "notify_of",
    "own_fault",
    "pay_waiting",
]
