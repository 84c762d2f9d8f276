"""Answers to tokens and back, for text-to-text models."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from training.answers import without_spaces
from training.contract import MAX_SCORED_LABELS
from training.data import PromptFrame, tokenise
from training.runtime import PermanentFailure
from training.tasks import TaskType

# Entities repeat words of their text and name their labels; twice its length has room for any but the densest.
ANSWER_TOKENS_PER_TOKEN = 2


class LabelUnwritable(PermanentFailure):
    """A tokenizer cannot write a label so that it differs from all others."""


@dataclass(frozen=True, kw_only=True)
class AnswerCodec:
    """A task type's answers as one tokenizer's tokens, and back; `vocab_size` is the model's, perhaps a larger one.

    A `frame` is what a decoder-only model has around a text; `answer_length` are the most tokens of a written answer.
    """

    task_type: TaskType
    tokenizer: Any
    labels: tuple[str, ...]
    max_length: int
    vocab_size: int
    answer_length: int = 0
    frame: PromptFrame | None = None

    def __post_init__(self) -> None:
        for text, answer in self.task_type.written_samples(self.labels):
            ids = self.tokens(answers=[answer], texts=[text])[0]
            if self.read(tokens=ids, text=text) != answer:
                raise LabelUnwritable(
                    f"The tokenizer writes {answer!r} as {self._text(ids)!r}, which cannot be told from another label. "
                    "Take another model, or other names for the labels."
                )

    @cached_property
    def names(self) -> dict[str, str]:
        return {without_spaces(self._text(self._cut([label])[0])): label for label in self.labels}

    @property
    def scores_labels(self) -> bool:
        """Whether each row has one label, of few enough to score every one."""
        return self.task_type.unit == "row" and len(self.labels) <= MAX_SCORED_LABELS

    @cached_property
    def label_tokens(self) -> list[list[int]]:
        return self._cut(self.labels)

    @cached_property
    def max_tokens(self) -> int:
        if not self.task_type.has_labels:
            return self.answer_length
        if self.task_type.unit == "word":
            return ANSWER_TOKENS_PER_TOKEN * self.max_length
        samples = self.task_type.written_samples(self.labels)
        return max(
            len(ids)
            for ids in self._cut([self.task_type.as_text(answer=a, text=t, labels=self.labels) for t, a in samples])
        )

    def tokens(self, *, answers: Sequence[str], texts: Sequence[str]) -> list[list[int]]:
        """Return the tokens of N answers, ends included, `max_tokens` at most; `texts` are first input fields."""
        written = [
            self.task_type.as_text(answer=a, text=t, labels=self.labels) for a, t in zip(answers, texts, strict=True)
        ]
        return self.written(written)

    def is_cut(self, tokens: Sequence[int]) -> bool:
        """Say whether an answer has no end, because it had no more room."""
        return not len(tokens) or tokens[-1] != self.tokenizer.eos_token_id

    def written(self, texts: Sequence[str]) -> list[list[int]]:
        """Return the tokens of N texts that are answers as they stand, as `tokens` does."""
        return [ids[: self.max_tokens] for ids in self._cut(texts)]

    def read(self, *, tokens: Sequence[int], text: str) -> str | None:
        return self.task_type.from_text(generated=self._text(tokens), text=text, names=self.names)

    def _cut(self, texts: Sequence[str]) -> list[list[int]]:
        end = self.tokenizer.eos_token_id
        # Behind a prompt nothing begins anew.
        found = tokenise(self.tokenizer, text_target=list(texts), add_special_tokens=self.frame is None)["input_ids"]
        return [ids if ids[-1:] == [end] else [*ids, end] for ids in found]

    def _text(self, tokens: Sequence[int]) -> str:
        return str(self.tokenizer.decode(tokens, skip_special_tokens=True))
