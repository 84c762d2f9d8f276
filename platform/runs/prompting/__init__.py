"""A study's prompt for a language model: its versions, and answers that people buy to see what they are worth."""

from runs.prompting.asking import (
    NUM_PREVIEWED,
    TASK,
    AskingImpossible,
    AskingQuote,
    quote_asking,
    resume_asking,
    start_asking,
    stop_asking,
)
from runs.prompting.carrying_out import carry_out_asking, follow_askings
from runs.prompting.showing import LabelShare, ShownAnswers, entries_of, shown_answers
from runs.prompting.versions import PromptUnchanged, save_version

__all__ = [
    "NUM_PREVIEWED",
    "TASK",
    "AskingImpossible",
    "AskingQuote",
    "LabelShare",
    "PromptUnchanged",
    "ShownAnswers",
    "carry_out_asking",
    "entries_of",
    "follow_askings",
    "quote_asking",
    "resume_asking",
    "save_version",
    "shown_answers",
    "start_asking",
    "stop_asking",
]
