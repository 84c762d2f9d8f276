"""Labels that a model chooses: what it may choose from, in which order, and what such labels were worth so far."""

from reports.choosing.choices import LEAST_RATIO, Choosing, NothingScored, choose_examples, choosing_of
from reports.choosing.worth import choice_factor

__all__ = [
    "LEAST_RATIO",
    "Choosing",
    "NothingScored",
    "choice_factor",
    "choose_examples",
    "choosing_of",
]
