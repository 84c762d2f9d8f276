"""Prompts that a language model answers by: their text with its places, their examples, and what is sent. Pure."""

from connections.prompts.answers import letters_of
from connections.prompts.making import MOST_ALTERNATIVES, MOST_LABELS, LabelPrompt, make_prompt
from connections.prompts.sources import (
    BALANCED,
    CHOICES_OF_EXAMPLES,
    NEAREST,
    AnswerForm,
    LabelledExample,
    Method,
    PromptImpossible,
    PromptSettings,
    PromptSource,
    balanced,
    entities_as_json,
)
from connections.prompts.texts import PromptText, PromptTextInvalid, check_text, system_places, usual_text

__all__ = [
    "BALANCED",
    "CHOICES_OF_EXAMPLES",
    "MOST_ALTERNATIVES",
    "MOST_LABELS",
    "NEAREST",
    "AnswerForm",
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
    "entities_as_json",
    "letters_of",
    "make_prompt",
    "system_places",
    "usual_text",
]
