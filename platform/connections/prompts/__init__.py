"""Prompts that a language model labels by: their text with its places, their examples, and what is sent. Pure."""

from connections.prompts.making import (
    BALANCED,
    CHOICES_OF_EXAMPLES,
    MOST_ALTERNATIVES,
    MOST_LABELS,
    NEAREST,
    LabelledExample,
    LabelPrompt,
    Method,
    PromptImpossible,
    PromptSettings,
    PromptSource,
    balanced,
    letters_of,
    make_prompt,
)
from connections.prompts.texts import SYSTEM_PLACES, PromptText, PromptTextInvalid, check_text, usual_text

__all__ = [
    "BALANCED",
    "CHOICES_OF_EXAMPLES",
    "MOST_ALTERNATIVES",
    "MOST_LABELS",
    "NEAREST",
    "SYSTEM_PLACES",
    "LabelPrompt",
    "LabelledExample",
    "Method",
    "PromptImpossible",
    "PromptSettings",
    "PromptSource",
    "PromptText",
    "PromptTextInvalid",
    "balanced",
    "check_text",
    "letters_of",
    "make_prompt",
    "usual_text",
]
