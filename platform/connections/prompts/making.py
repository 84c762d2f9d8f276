"""The prompt that a language model answers by: made of what a study says of its answers, and of labelled examples.

Pure: knows no database. A prompt's version is the hash of all that is sent beside the text itself.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import MISSING, asdict, dataclass, fields
from functools import cached_property
from string import ascii_uppercase
from typing import Any, Self

from connections.prompts.answers import (
    how_to_answer,
    letters_of,
    most_output_tokens,
    schema_of,
    shown_answer,
    tokens_of_entities,
)
from connections.prompts.nearest import NearestTexts
from connections.prompts.sources import (
    NEAREST,
    AnswerForm,
    LabelledExample,
    Method,
    PromptImpossible,
    PromptSettings,
    PromptSource,
    balanced,
)
from connections.prompts.texts import GUIDELINE, HOW_TO_ANSWER, LABELS, filled, usual_text

# Servers tell of so many alternatives of a token at most.
MOST_ALTERNATIVES = 20
MOST_LABELS = 200
# What a chat template puts around messages: special tokens, roles, a date.
_TOKENS_PER_REQUEST, _TOKENS_PER_MESSAGE = 128, 16
_SEED = 0

Message = dict[str, str]


@dataclass(frozen=True, kw_only=True)
class LabelPrompt:
    """A prompt: messages before the text, how the answer is constrained, and its bounds in tokens.

    `most_output_tokens` are of an answer to any text; entities have more by their text, see `output_limit`.
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
    form: AnswerForm = AnswerForm.LABELS

    @classmethod
    def from_payload(cls, payload: Mapping[str, Any]) -> Self:
        """Read what `payload` wrote, as the database returns it."""
        lists = {name: tuple(payload.get(name, ())) for name in ("labels", "messages", "candidates")}
        form = AnswerForm(payload.get("form", AnswerForm.LABELS))
        return cls(**{**payload, **lists, "method": Method(payload["method"]), "form": form})

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
            self.limit_name: self.output_limit(row),
            "temperature": self.temperature,
            "seed": _SEED + sample,
            **self._constraint,
        }

    def output_limit(self, row: Mapping[str, str]) -> int:
        """The most tokens that the answer to one example may have."""
        of_text = tokens_of_entities(" ".join(row.values())) if self.form == AnswerForm.ENTITIES else 0
        return self.most_output_tokens + of_text

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
            schema = schema_of(self.labels, form=self.form, is_exclusive=self.is_exclusive)
            return {"response_format": {"type": "json_schema", "json_schema": schema}}
        if self.method == Method.TOKENS:
            return {"logprobs": True}
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
    _check_told(source, has_examples=bool(shown))
    message = "" if source.text.message == usual_text(source.fields).message else source.text.message
    examples = tuple(_as_messages(shown, source, method, names, message)) if settings.shots else ()
    # One letter at its probability is told more by than letters that are drawn.
    is_sampled = method != Method.LETTERS and settings.samples > 1
    return LabelPrompt(
        method=method,
        labels=source.labels,
        is_exclusive=source.is_exclusive,
        messages=({"role": "system", "content": _system(source, method, names)}, *(() if is_nearest else examples)),
        most_output_tokens=most_output_tokens(source, method, settings),
        limit_name=str(abilities.get("limit") or "max_tokens"),
        confidence=settings.confidence,
        message=message,
        candidates=examples if is_nearest else (),
        shots=settings.shots if is_nearest and examples else 0,
        samples=settings.samples if is_sampled else 1,
        temperature=settings.temperature if is_sampled else 0.0,
        form=source.form,
    )


def _check_told(source: PromptSource, *, has_examples: bool) -> None:
    """Whether a model that is to write is told what. Raises: PromptImpossible."""
    usual = usual_text(source.fields, has_labels=False)
    is_silent = source.form == AnswerForm.TEXT and not source.asks and source.text.system == usual.system
    if is_silent and not source.instructions.strip() and not has_examples:
        raise PromptImpossible(
            "The study has no instructions, and no labelled example is shown, so that a language model would not know "
            "what to write. Write instructions, edit the prompt, or show examples.",
            field="shots",
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
        yield {"role": "assistant", "content": shown_answer(example, source, method, names)}


def message_of(row: Mapping[str, str], message: str = "") -> str:
    """An example as it is sent."""
    return filled(message or usual_text(tuple(row)).message, row)


def _method(source: PromptSource, abilities: Mapping[str, Any]) -> Method:
    if source.form == AnswerForm.TEXT:
        return Method.TOKENS if abilities.get("alternatives") else Method.TEXT
    most_letters = min(int(abilities.get("alternatives") or 0), MOST_ALTERNATIVES, len(ascii_uppercase))
    if source.form == AnswerForm.LABELS and source.is_exclusive and len(source.labels) <= most_letters:
        return Method.LETTERS
    return Method.SCHEMA if abilities.get("structured") else Method.TEXT


def _system(source: PromptSource, method: Method, names: Mapping[str, str]) -> str:
    marks = {label: f"{letter}. {label}" for letter, label in names.items()}
    lines = [
        f"{marks.get(label, f'- {label}')}{f': {meaning}' if (meaning := source.meanings.get(label)) else ''}"
        for label in source.labels
    ]
    guideline, how = source.instructions.strip(), how_to_answer(source, method)
    return filled(source.text.system, {GUIDELINE: guideline, LABELS: "\n".join(lines), HOW_TO_ANSWER: how}).strip()
