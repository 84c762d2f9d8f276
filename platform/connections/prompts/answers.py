"""How an answer is asked for, shown in an example, constrained and limited in length, by its form. Pure."""

import json
from collections.abc import Mapping, Sequence
from string import ascii_uppercase
from typing import Any

from connections.prompts.sources import AnswerForm, LabelledExample, Method, PromptSettings, PromptSource

# An end of text, spaces and line breaks around an answer.
_SPARE_TOKENS = 16
# An entity repeats its words, with a label and the signs of JSON around it: in a short text each word may be one.
_TOKENS_OF_ENTITIES, _TOKENS_PER_BYTE_OF_ENTITIES = 256, 2
_ENTITIES = (
    "Find the entities in the text. Answer with each of them in the order of the text, as often as it is there, in "
    'exactly the words of the text, as JSON: {"entities": [{"text": …, "label": …}]}. Where there is none, answer with '
    '{"entities": []}.'
)


def letters_of(labels: Sequence[str]) -> dict[str, str]:
    """Labels by their letters."""
    return dict(zip(ascii_uppercase, labels, strict=False))


def how_to_answer(source: PromptSource, method: Method) -> str:
    if source.form == AnswerForm.TEXT:
        return f"{source.asks} Answer with the text alone, and with nothing before or behind it.".lstrip()
    if source.form == AnswerForm.ENTITIES:
        return _ENTITIES
    if method == Method.LETTERS:
        return "Answer with the letter of the one label that fits the text best, and with nothing else."
    what = "the one label that fits the text best" if source.is_exclusive else "all labels that apply; it may be none"
    if method == Method.SCHEMA or not source.is_exclusive:
        form = '{"label": …}' if source.is_exclusive else '{"labels": […]}'
        return f"Answer with {what}, as JSON: {form}"
    return f"Answer with {what}, written exactly as above, and with nothing else."


def shown_answer(example: LabelledExample, source: PromptSource, method: Method, names: Mapping[str, str]) -> str:
    """An example's answer as the language model is to write it; `names` are labels by their letters."""
    if source.form != AnswerForm.LABELS:
        return example.answer
    if method == Method.LETTERS:
        return next(letter for letter, label in names.items() if label == example.labels[0])
    if not source.is_exclusive:
        return json.dumps({"labels": list(example.labels)}, ensure_ascii=False)
    label = example.labels[0]
    return json.dumps({"label": label}, ensure_ascii=False) if method == Method.SCHEMA else label


def most_output_tokens(source: PromptSource, method: Method, settings: PromptSettings) -> int:
    """The limit of an answer; of entities, beside what their text makes it (`tokens_of_entities`)."""
    if source.form == AnswerForm.TEXT:
        return settings.answer_length
    if source.form == AnswerForm.ENTITIES:
        return _TOKENS_OF_ENTITIES
    if method == Method.LETTERS:
        return 1
    sizes = [len(json.dumps(label, ensure_ascii=False).encode()) + 2 for label in source.labels]
    return _SPARE_TOKENS * 2 + (max(sizes) if source.is_exclusive else sum(sizes))


def tokens_of_entities(text: str) -> int:
    """What an answer that names the entities of a text may have the more, the longer the text is."""
    return _TOKENS_PER_BYTE_OF_ENTITIES * len(text.encode(errors="replace"))


def schema_of(labels: Sequence[str], *, form: AnswerForm, is_exclusive: bool) -> dict[str, Any]:
    """The JSON schema that keeps an answer to the labels."""
    choice = {"type": "string", "enum": list(labels)}
    if form == AnswerForm.ENTITIES:
        entity = _object({"text": {"type": "string"}, "label": choice})
        body = _object({"entities": {"type": "array", "items": entity}})
    elif is_exclusive:
        body = _object({"label": choice})
    else:
        body = _object({"labels": {"type": "array", "items": choice}})
    return {"name": "answer", "strict": True, "schema": body}


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}
