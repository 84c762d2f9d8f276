"""Selection by uncertainty: what a model may select from, in which order, and what such labels were worth so far."""

from reports.selection.selecting import LEAST_RATIO, NothingScored, SelectionBasis, select_examples, selection_basis
from reports.selection.worth import choice_factor

__all__ = [
    "LEAST_RATIO",
    "NothingScored",
    "SelectionBasis",
    "choice_factor",
    "select_examples",
    "selection_basis",
]
