"""The prompt that a language model labels by: made of what a study says of its labels, and of labelled examples.

Pure: knows no database. A prompt's version is the hash of all that is sent beside the text itself.
"""

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import MISSING, asdict, dataclass, fields
from enum import StrEnum
from functools import cached_property
from string import ascii_uppercase
from typing import Any, Self

from config.refusals import Refusal
from connections.prompts.nearest import NearestTexts
from connections.prompts.texts import (
    GUIDELINE,
    HOW_TO_ANSWER,
    LABELS,
    PromptText,
    filled,
    usual_text,
)

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


BALANCED, NEAREST = "balanced", "nearest"
CHOICES_OF_EXAMPLES = {
    BALANCED: "The same for every text, all labels about equally often",
    NEAREST: "Those most like the text, by TF-IDF",
}


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
    fields: tuple[str, ...]
    text: PromptText
    examples: tuple[LabelledExample, ...] = ()


@dataclass(frozen=True, kw_only=True)
class PromptSettings:
    """What a person chooses of a prompt beside its text.

    `samples` answers are asked for where the server tells no probabilities, at that `temperature`.
    """

    shots: int
    shots_by: str
    confidence: float
    samples: int
    temperature: float


@dataclass(frozen=True, kw_only=True)
class LabelPrompt:
    """A prompt: messages before the text, how the answer is constrained, and its bounds in tokens.

    `confidence` is the stated probability of an answer whose server tells none, and of which one is asked for. Of the
    pairs of messages in `candidates`, `shots` are shown: those most like the text. A blank `message` is the usual one.
    """

    method: Method
    labels: tuple[str, ...]
    is_exclusive: bool
    messages: tuple[Message, ...]
    most_output_tokens: int
    limit_name: str
    confidence: float
    # Later than the first prompts that were kept: left out where at the default, so that those keep their versions.
    message: str = ""
    candidates: tuple[Message, ...] = ()
    shots: int = 0
    samples: int = 1
    temperature: float = 0.0

    @classmethod
    def from_payload(cls, payload: Mapping[str, Any]) -> Self:
        """Read what `payload` wrote, as the database returns it."""
        lists = {name: tuple(payload.get(name, ())) for name in ("labels", "messages", "candidates")}
        return cls(**{**payload, **lists, "method": Method(payload["method"])})

    @cached_property
    def payload(self) -> dict[str, Any]:
        defaults = {one.name: one.default for one in fields(self) if one.default is not MISSING}
        told = asdict(self).items()
        return {name: value for name, value in told if name not in defaults or value != defaults[name]}

    @cached_property
    def version(self) -> str:
        return hashlib.sha256(json.dumps(self.payload, sort_keys=True).encode()).hexdigest()

    def request(self, row: Mapping[str, str], *, sample: int = 0) -> dict[str, Any]:
        """The body of the request for one example, without the model; each sample has a seed of its own."""
        return {
            "messages": self._all_messages(row),
            self.limit_name: self.most_output_tokens,
            "temperature": self.temperature,
            "seed": _SEED + sample,
            **self._constraint,
        }

    def most_input_tokens(self, row: Mapping[str, str]) -> int:
        """A bound of the tokens that a request has: no tokenizer makes more than one of a byte."""
        messages = self._all_messages(row)
        sent = sum(len(one["content"].encode(errors="replace")) for one in messages)
        constraint = len(json.dumps(self._constraint).encode())
        return sent + constraint + _TOKENS_PER_REQUEST + _TOKENS_PER_MESSAGE * len(messages)

    def _all_messages(self, row: Mapping[str, str]) -> list[Message]:
        text = message_of(row, self.message)
        shown = [*self.messages, *self._nearest(text)]
        return [*shown, {"role": "user", "content": text}]

    def _nearest(self, text: str) -> list[Message]:
        """The examples most like a text, the most like it last, next to the text."""
        if not self.candidates:
            return []
        found = reversed(self._index.to(text, num=self.shots))
        return [one for place in found for one in self.candidates[2 * place : 2 * place + 2]]

    @cached_property
    def _index(self) -> NearestTexts:
        return NearestTexts([one["content"] for one in self.candidates[::2]])

    @cached_property
    def _constraint(self) -> dict[str, Any]:
        if self.method == Method.LETTERS:
            return {"logprobs": True, "top_logprobs": MOST_ALTERNATIVES}
        if self.method == Method.SCHEMA:
            schema = _schema(self.labels, is_exclusive=self.is_exclusive)
            return {"response_format": {"type": "json_schema", "json_schema": schema}}
        return {}


def make_prompt(*, source: PromptSource, abilities: Mapping[str, Any], settings: PromptSettings) -> LabelPrompt:
    """Make the best prompt that a connection's abilities allow. Raises: PromptImpossible."""
    if len(source.labels) > MOST_LABELS:
        raise PromptImpossible(
            f"A language model is asked to choose among at most {MOST_LABELS} labels, and there are "
            f"{len(source.labels):,}. Use a teacher that is fine-tuned.",
            field="teacher",
        )
    method = _method(source, abilities)
    names = letters_of(source.labels) if method == Method.LETTERS else {}
    is_nearest = settings.shots_by == NEAREST
    shown = source.examples if is_nearest else balanced(source.examples, num=settings.shots)
    message = "" if source.text.message == usual_text(source.fields).message else source.text.message
    examples = tuple(_as_messages(shown, source, method, names, message)) if settings.shots else ()
    # One letter at its probability is told more by than letters that are drawn.
    is_sampled = method != Method.LETTERS and settings.samples > 1
    return LabelPrompt(
        method=method,
        labels=source.labels,
        is_exclusive=source.is_exclusive,
        messages=({"role": "system", "content": _system(source, method, names)}, *(() if is_nearest else examples)),
        most_output_tokens=_most_output_tokens(source, method),
        limit_name=str(abilities.get("limit") or "max_tokens"),
        confidence=settings.confidence,
        message=message,
        candidates=examples if is_nearest else (),
        shots=settings.shots if is_nearest and examples else 0,
        samples=settings.samples if is_sampled else 1,
        temperature=settings.temperature if is_sampled else 0.0,
    )


def _as_messages(
    examples: Sequence[LabelledExample],
    source: PromptSource,
    method: Method,
    names: Mapping[str, str],
    message: str,
) -> Iterator[Message]:
    for example in examples:
        yield {"role": "user", "content": message_of(example.fields, message)}
        yield {"role": "assistant", "content": _answer(example.labels, source, method, names)}


def letters_of(labels: Sequence[str]) -> dict[str, str]:
    """Labels by their letters."""
    return dict(zip(ascii_uppercase, labels, strict=False))


def message_of(row: Mapping[str, str], message: str = "") -> str:
    """An example as it is sent."""
    return filled(message or usual_text(tuple(row)).message, row)


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
    guideline, how = source.instructions.strip(), _how(source, method)
    return filled(source.text.system, {GUIDELINE: guideline, LABELS: "\n".join(lines), HOW_TO_ANSWER: how}).strip()


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
