"""Publishing examples for labelling, in batches that are paid for."""

from labeling.publishing.batches import OFFERED_AGAIN, NoneFits, Wanted, hold_batch
from labeling.publishing.publications import PublishResult, offerable, publish
from labeling.publishing.quotes import LabelQuote, quote_labels
from labeling.publishing.sending import resume_batches, withdraw_unsent

__all__ = [
    "OFFERED_AGAIN",
    "LabelQuote",
    "NoneFits",
    "PublishResult",
    "Wanted",
    "hold_batch",
    "offerable",
    "publish",
    "quote_labels",
    "resume_batches",
    "withdraw_unsent",
]
