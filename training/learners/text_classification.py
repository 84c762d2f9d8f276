"""One vector of a text, one output per label."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from training.answers import Rows
from training.data import Encoded, ModelOutputs, Units, tokenise
from training.learners.base import TaskLearner
from training.losses import IGNORED
from training.models import EncoderClassifier

# More than any language needs; texts within it are tokenised once.
CHARACTERS_PER_TOKEN = 16


class TextClassificationLearner(TaskLearner):
    """Learns one label per row."""

    def encode(
        self, *, tokenizer: Any, columns: Mapping[str, Sequence[str]], max_length: int, pooling: str = "mean"
    ) -> list[Encoded]:
        names = self.task_type.input_fields
        fields = [shortened(columns[name], tokenizer, max_length) for name in names]
        if len(fields) > 1 and tokenizer.sep_token_id is None:
            return _named_fields(tokenizer, dict(zip(names, fields, strict=True)), max_length)
        return encode_segments(fields, tokenizer, max_length)

    def build(self, *, encoder: nn.Module, labels: Sequence[str], pooling: str = "mean") -> EncoderClassifier:
        return EncoderClassifier(encoder=encoder, num_outputs=len(labels), pooling=pooling)

    def targets(self, *, rows: Rows, units: Units, labels: Sequence[str]) -> Tensor:
        place: dict[str | None, int] = {label: index for index, label in enumerate(labels)}
        return torch.tensor([place.get(label, IGNORED) for label in rows.answers()], dtype=torch.int64)

    def decode(self, *, outputs: ModelOutputs, rows: Rows, labels: Sequence[str]) -> list[str | None]:
        best = outputs.values_UC.argmax(axis=1)
        finite = np.atleast_1d(np.isfinite(outputs.values_UC).all(axis=1))
        return [labels[index] if good else None for index, good in zip(best, finite, strict=True)]

    def probabilities(self, *, outputs: ModelOutputs, labels: Sequence[str]) -> npt.NDArray[np.float32]:
        return torch.softmax(torch.from_numpy(outputs.values_UC), dim=-1).numpy()


def encode_segments(fields: Sequence[Sequence[str]], tokenizer: Any, max_length: int) -> list[Encoded]:
    """Return the encodings of N rows, unpadded; `fields` are N texts each, shortened, and one segment each."""
    return by_row(tokenise(tokenizer, *fields, truncation=True, max_length=max_length, padding=False))


def by_row(encoded: Mapping[str, Any]) -> list[Encoded]:
    """Turn columns of a tokenizer's output into one encoding per row."""
    return [dict(zip(encoded, row, strict=True)) for row in zip(*encoded.values(), strict=True)]


def _named_fields(tokenizer: Any, columns: Mapping[str, Sequence[str]], max_length: int) -> list[Encoded]:
    named = [[f"{name}: {text}" for text in texts] for name, texts in columns.items()]
    encoded = tokenise(
        tokenizer, *named, truncation=True, max_length=max_length - 1, padding=False, add_special_tokens=False
    )
    end = [tokenizer.eos_token_id] if tokenizer.eos_token_id is not None else []
    return [{"input_ids": ids + end, "attention_mask": [1] * len(ids + end)} for ids in encoded["input_ids"]]


def shortened(texts: Sequence[str], tokenizer: Any, max_length: int) -> list[str]:
    """Cut very long texts to their first tokens: tokenizers cut long pairs in quadratic time and memory."""
    long = [row for row, text in enumerate(texts) if len(text) > CHARACTERS_PER_TOKEN * max_length]
    shortened_texts = list(texts)
    if long and tokenizer.is_fast:
        shown = [texts[row] for row in long]
        offsets = tokenizer(shown, truncation=True, max_length=max_length, return_offsets_mapping=True)[
            "offset_mapping"
        ]
        for row, places in zip(long, offsets, strict=True):
            shortened_texts[row] = texts[row][: max(end for _, end in places)]
    return shortened_texts
