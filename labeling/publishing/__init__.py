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
from labeling.publishing.opinions import (
    MOST_AT_ONCE,
    MOST_OPINIONS,
    HeldOpinions,
    NoOpinionsPossible,
    OpinionOrdering,
    OpinionRequest,
    ask_second_opinions,
    askable,
    hold_opinions,
    why_none,
)
from labeling.publishing.publish_examples import ModelLabelled, PublishResult, open_project, publish
from labeling.publishing.quotes import LabelQuote, quote_labels, quote_opinions
from labeling.publishing.sending import resume_batches, withdraw_unsent

__all__ = [
    "EXAMPLES_PER_BATCH",
    "MOST_AT_ONCE",
    "MOST_OPINIONS",
    "ChosenExamples",
    "HeldOpinions",
    "LabelQuote",
    "ModelLabelled",
    "NoOpinionsPossible",
    "NoneFits",
    "OpinionOrdering",
    "OpinionRequest",
    "PublishRequest",
    "PublishResult",
    "ask_second_opinions",
    "askable",
    "audited",
    "hold_batch",
    "hold_opinions",
    "never_published",
    "open_project",
    "publish",
    "publishable",
    "quote_labels",
    "quote_opinions",
    "resume_batches",
    "why_none",
    "withdraw_unsent",
]
