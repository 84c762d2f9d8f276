"""Publishing examples for labelling, in batches that are paid for."""

from labeling.publishing.batches import NoneFits, PublishRequest, hold_batch, publishable
from labeling.publishing.publish_examples import PublishResult, publish
from labeling.publishing.quotes import LabelQuote, quote_labels
from labeling.publishing.sending import resume_batches, withdraw_unsent

__all__ = [
    "LabelQuote",
    "NoneFits",
    "PublishRequest",
    "PublishResult",
    "hold_batch",
    "publish",
    "publishable",
    "quote_labels",
    "resume_batches",
    "withdraw_unsent",
]
