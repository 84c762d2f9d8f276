"""Errors in a label column, and how they name labels."""

from collections.abc import Sequence

LABELS_IN_MESSAGES = 20


class GoldInvalid(ValueError):
    """A gold label is not a valid answer; `row` is its number."""

    def __init__(self, row: int, problem: str) -> None:
        super().__init__(problem)
        self.row = row


def listed(labels: Sequence[str]) -> str:
    """Name labels in a message: the first ones, and how many more there are."""
    shown = ", ".join(str(label) for label in labels[:LABELS_IN_MESSAGES])
    more = len(labels) - LABELS_IN_MESSAGES
    return f"{shown} and {more} more" if more > 0 else shown
