"""Publishing examples for labelling, in batches that are paid for."""

from labeling.publishing.batches import (
    EXAMPLES_PER_BATCH,
    ChosenExamples,
    NoneFits,
    PublishRequest,
    audited,
    hold_batch,
    never_published,
    publishable,
)
from labeling.publishing.publish_examples import ModelLabelled, PublishResult, open_project, publish
from labeling.publishing.quotes import LabelQuote, quote_labels
from labeling.publishing.sending import resume_batches, withdraw_unsent

__all__ = [
    "EXAMPLES_PER_BATCH",
    "ChosenExamples",
    "LabelQuote",
    "ModelLabelled",
    "NoneFits",
    "PublishRequest",
    "PublishResult",
    "audited",
    "hold_batch",
    "never_published",
    "open_project",
    "publish",
    "publishable",
    "quote_labels",
    "resume_batches",
    "withdraw_unsent",
]
