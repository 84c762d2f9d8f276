"""What publishing examples for labelling would cost, by what a form says so far."""

from budgets.prices import PriceMissing
from labeling.publishing import LabelQuote, quote_labels
from studies.models import Split, Study


def quote_publishing(
    *, study: Study, typed: str, usual: int = 1, split: str = Split.POOL, num_left: int | None = None
) -> LabelQuote | None:
    """Quote as many examples as are typed, or `usual` where that is no number; None without a price."""
    num_examples = number_typed(typed, usual=usual)
    try:
        return quote_labels(study=study, num_examples=num_examples, split=split, num_left=num_left)
    except PriceMissing:
        return None


def number_typed(typed: str, *, usual: int = 1) -> int:
    """Read how many a form says so far, or `usual` where that is no number, or one too large to quote."""
    return int(typed) if typed.isdecimal() and len(typed) < 7 else usual
