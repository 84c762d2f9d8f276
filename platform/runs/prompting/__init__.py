"""A study's prompt for a language model: its versions, and answers that people buy to see what they are worth."""

from runs.prompting.asking import (
    MOST_ORDERED,
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
from runs.prompting.showing import (
    AskingNotFound,
    LabelShare,
    ShownAnswers,
    entries_of,
    find_asking,
    shown_answers,
)
from runs.prompting.versions import PromptUnchanged, save_version

__all__ = [
    "MOST_ORDERED",
    "NUM_PREVIEWED",
    "TASK",
    "AskingImpossible",
    "AskingNotFound",
    "AskingQuote",
    "LabelShare",
    "PromptUnchanged",
    "ShownAnswers",
    "carry_out_asking",
    "entries_of",
    "find_asking",
    "follow_askings",
    "quote_asking",
    "resume_asking",
    "save_version",
    "shown_answers",
    "start_asking",
    "stop_asking",
]
