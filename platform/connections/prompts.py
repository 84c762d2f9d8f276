"""The prompt that a language model labels by: made of what a study says of its labels, and of labelled examples.

Pure: knows no database. A prompt's version is the hash of all that is sent beside the text itself.
"""

import hashlib
import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from functools import cached_property
from string import ascii_uppercase
from typing import Any, Self

from config.refusals import Refusal

# Servers tell of so many alternatives of a token at most.
MOST_ALTERNATIVES = 20
MOST_LABELS = 200
# What a chat template puts around messages: special tokens, roles, a date.
_TOKENS_PER_REQUEST, _TOKENS_PER_MESSAGE = 128, 16
# An end of text, spaces and line breaks around an answer.
_SPARE_TOKENS = 16
_SEED = 0


class Method(StrEnum):
    """How an answer is kept to the labels, and where its probabilities come from."""

    LETTERS = "letters"  # one letter per label; probabilities of the first token
    SCHEMA = "schema"  # JSON that a schema constrains; the stated confidence
    TEXT = "text"  # the label's own text; the stated confidence


class PromptImpossible(Refusal):
    """No prompt can be made for these labels and this connection."""


Message = dict[str, str]


@dataclass(frozen=True, kw_only=True)
class LabelledExample:
    """An example that is shown with its answer: one label, or those that apply."""

    fields: Mapping[str, str]
    labels: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class PromptSource:
    """What a prompt is made of. `meanings` have, by label, what is known beside its name."""

    labels: tuple[str, ...]
    meanings: Mapping[str, str]
    instructions: str
    is_exclusive: bool
    examples: tuple[LabelledExample, ...] = ()


@dataclass(frozen=True, kw_only=True)
class LabelPrompt:
    """A prompt: messages before the text, how the answer is constrained, and its bounds in tokens.

    `confidence` is the stated probability of an answer whose server tells none.
    """

    method: Method
    labels: tuple[str, ...]
    is_exclusive: bool
    messages: tuple[Message, ...]
    most_output_tokens: int
    limit_name: str
    confidence: float

    @classmethod
    def from_payload(cls, payload: Mapping[str, Any]) -> Self:
        """Read what `payload` wrote, as the database returns it."""
        named = {**payload, "labels": tuple(payload["labels"]), "messages": tuple(payload["messages"])}
        return cls(**{**named, "method": Method(payload["method"])})

    @cached_property
    def payload(self) -> dict[str, Any]:
        return asdict(self)

    @cached_property
    def version(self) -> str:
        return hashlib.sha256(json.dumps(self.payload, sort_keys=True).encode()).hexdigest()

    def request(self, fields: Mapping[str, str]) -> dict[str, Any]:
        """The body of the request for one example, without the model."""
        return {
            "messages": [*self.messages, {"role": "user", "content": text_of(fields)}],
            self.limit_name: self.most_output_tokens,
            "temperature": 0,
            "seed": _SEED,
            **self._constraint,
        }

    def most_input_tokens(self, fields: Mapping[str, str]) -> int:
        """A bound of the tokens that a request has: no tokenizer makes more than one of a byte."""
        text = len(text_of(fields).encode(errors="replace"))
        return self._bytes_before + text + _TOKENS_PER_REQUEST + _TOKENS_PER_MESSAGE * (len(self.messages) + 1)

    @cached_property
    def _bytes_before(self) -> int:
        messages = sum(len(one["content"].encode(errors="replace")) for one in self.messages)
        return messages + len(json.dumps(self._constraint).encode())

    @cached_property
    def _constraint(self) -> dict[str, Any]:
        if self.method == Method.LETTERS:
            return {"logprobs": True, "top_logprobs": MOST_ALTERNATIVES}
        if self.method == Method.SCHEMA:
            schema = _schema(self.labels, is_exclusive=self.is_exclusive)
            return {"response_format": {"type": "json_schema", "json_schema": schema}}
        return {}


def make_prompt(*, source: PromptSource, abilities: Mapping[str, Any], confidence: float) -> LabelPrompt:
    """Make the best prompt that a connection's abilities allow. Raises: PromptImpossible."""
    if len(source.labels) > MOST_LABELS:
        raise PromptImpossible(
            f"A language model is asked to choose among at most {MOST_LABELS} labels, and there are "
            f"{len(source.labels):,}. Use a teacher that is fine-tuned.",
            field="teacher",
        )
    method = _method(source, abilities)
    names = letters_of(source.labels) if method == Method.LETTERS else {}
    shown = [{"role": "system", "content": _system(source, method, names)}]
    for example in source.examples:
        answer = _answer(example.labels, source, method, names)
        shown += [{"role": "user", "content": text_of(example.fields)}, {"role": "assistant", "content": answer}]
    return LabelPrompt(
        method=method,
        labels=source.labels,
        is_exclusive=source.is_exclusive,
        messages=tuple(shown),
        most_output_tokens=_most_output_tokens(source, method),
        limit_name=str(abilities.get("limit") or "max_tokens"),
        confidence=confidence,
    )


def letters_of(labels: Sequence[str]) -> dict[str, str]:
    """Labels by their letters."""
    return dict(zip(ascii_uppercase, labels, strict=False))


def text_of(fields: Mapping[str, str]) -> str:
    """An example as it is sent: its text, or its texts under their names."""
    if len(fields) == 1:
        return next(iter(fields.values()))
    return "\n".join(f"{name.replace('_', ' ')}: {text}" for name, text in fields.items())


def balanced(examples: Sequence[LabelledExample], *, num: int) -> tuple[LabelledExample, ...]:
    """Choose examples so that labels are shown about equally often: the first of each, then the second, and so on."""
    by_label: dict[tuple[str, ...], list[LabelledExample]] = defaultdict(list)
    for one in examples:
        by_label[one.labels].append(one)
    rounds = (group[place] for place in range(len(examples)) for group in by_label.values() if place < len(group))
    return tuple(one for one, _ in zip(rounds, range(num), strict=False))


def _method(source: PromptSource, abilities: Mapping[str, Any]) -> Method:
    most_letters = min(int(abilities.get("alternatives") or 0), MOST_ALTERNATIVES, len(ascii_uppercase))
    if source.is_exclusive and len(source.labels) <= most_letters:
        return Method.LETTERS
    return Method.SCHEMA if abilities.get("structured") else Method.TEXT


def _system(source: PromptSource, method: Method, names: Mapping[str, str]) -> str:
    marks = {label: f"{letter}. {label}" for letter, label in names.items()}
    lines = [
        f"{marks.get(label, f'- {label}')}{f': {meaning}' if (meaning := source.meanings.get(label)) else ''}"
        for label in source.labels
    ]
    parts = (source.instructions.strip(), "The labels:", "\n".join(lines), _how(source, method))
    return "\n\n".join(part for part in parts if part)


def _how(source: PromptSource, method: Method) -> str:
    if method == Method.LETTERS:
        return "Answer with the letter of the one label that fits the text best, and with nothing else."
    what = "the one label that fits the text best" if source.is_exclusive else "all labels that apply; it may be none"
    if method == Method.SCHEMA or not source.is_exclusive:
        form = '{"label": …}' if source.is_exclusive else '{"labels": […]}'
        return f"Answer with {what}, as JSON: {form}"
    return f"Answer with {what}, written exactly as above, and with nothing else."


def _answer(labels: Sequence[str], source: PromptSource, method: Method, names: Mapping[str, str]) -> str:
    if method == Method.LETTERS:
        return next(letter for letter, label in names.items() if label == labels[0])
    if not source.is_exclusive:
        return json.dumps({"labels": list(labels)}, ensure_ascii=False)
    return json.dumps({"label": labels[0]}, ensure_ascii=False) if method == Method.SCHEMA else labels[0]


def _most_output_tokens(source: PromptSource, method: Method) -> int:
    if method == Method.LETTERS:
        return 1
    sizes = [len(json.dumps(label, ensure_ascii=False).encode()) + 2 for label in source.labels]
    return _SPARE_TOKENS * 2 + (max(sizes) if source.is_exclusive else sum(sizes))


def _schema(labels: Sequence[str], *, is_exclusive: bool) -> dict[str, Any]:
    choice = {"type": "string", "enum": list(labels)}
    name, value = ("label", choice) if is_exclusive else ("labels", {"type": "array", "items": choice})
    body = {"type": "object", "properties": {name: value}, "required": [name], "additionalProperties": False}
    return {"name": "answer", "strict": True, "schema": body}
