"""One text, one of several labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import numpy.typing as npt

from training.gold import GoldInvalid, listed
from training.tally import Item
from training.task_types.base import Encoded, TaskType
from training.text_forms import without_spaces
from training.tokens import cut

if TYPE_CHECKING:
    from torch import Tensor, nn

    from training.classifier import EncoderClassifier
    from training.data import Rows
    from training.units import Outputs, Units

# More than any language needs; texts within it are tokenised once.
CHARACTERS_PER_TOKEN = 16


class TextClassification(TaskType):
    """Assigns one of the study's labels to a text."""

    name = "text_classification"
    title = "Text classification"
    input_fields: ClassVar[tuple[str, ...]] = ("text",)

    def encode(
        self, *, tokenizer: Any, columns: Mapping[str, Sequence[str]], max_length: int, pooling: str = "mean"
    ) -> list[Encoded]:
        """Tokenise the input fields in order, as one segment each; see TaskType.encode.

        A tokenizer that has no mark between segments, as T5's, reads each behind its name.
        """
        fields = [shortened(columns[name], tokenizer, max_length) for name in self.input_fields]
        if len(fields) > 1 and tokenizer.sep_token_id is None:
            return _named_fields(tokenizer, dict(zip(self.input_fields, fields, strict=True)), max_length)
        return tokenised(fields, tokenizer, max_length)

    def build(self, *, encoder: nn.Module, labels: Sequence[str], pooling: str = "mean") -> EncoderClassifier:
        """Put a linear head with one output per label on the encoder; see TaskType.build."""
        from training.classifier import EncoderClassifier

        return EncoderClassifier(encoder=encoder, num_outputs=len(labels), pooling=pooling)

    def read_gold(
        self, *, gold: Sequence[Any], columns: Mapping[str, Sequence[str]], labels: Sequence[str]
    ) -> list[str]:
        """Make sure that each is one of the labels; see TaskType.read_gold."""
        known = set(labels)
        for row, label in enumerate(gold):
            if label not in known:
                raise GoldInvalid(row, f"has label {label!r}. The labels are {listed(labels)}.")
        return list(gold)

    def targets(self, *, rows: Rows, units: Units, labels: Sequence[str]) -> Tensor:
        """Return each gold label's place in `labels`, int64 (N,); see TaskType.targets."""
        import torch

        from training.losses import IGNORED

        place: dict[str | None, int] = {label: index for index, label in enumerate(labels)}
        return torch.tensor([place.get(label, IGNORED) for label in rows.answers()], dtype=torch.int64)

    def decode(self, *, outputs: Outputs, rows: Rows, labels: Sequence[str]) -> list[str | None]:
        """Return the label of the largest output, None where an output is not finite; see TaskType.decode."""
        best = outputs.values_UC.argmax(axis=1)
        finite = np.atleast_1d(np.isfinite(outputs.values_UC).all(axis=1))
        return [labels[index] if good else None for index, good in zip(best, finite, strict=True)]

    def probabilities(self, *, outputs: Outputs, labels: Sequence[str]) -> npt.NDArray[np.float32]:
        """Return the softmax over the labels; see TaskType.probabilities."""
        import torch

        return torch.softmax(torch.from_numpy(outputs.values_UC), dim=-1).numpy()

    def as_text(self, *, answer: str, text: str, labels: Sequence[str] = ()) -> str:
        """Write the label; see TaskType.as_text."""
        return answer

    def from_text(self, *, said: str, text: str, names: Mapping[str, str]) -> str | None:
        """Read the label; see TaskType.from_text."""
        return names.get(without_spaces(said))

    def items(self, *, answer: str, place: Mapping[str, int]) -> frozenset[Item]:
        """Return the one label; see TaskType.items."""
        return frozenset({(place[answer],)})


def tokenised(fields: Sequence[Sequence[str]], tokenizer: Any, max_length: int) -> list[Encoded]:
    """Return the encodings of N rows, unpadded; `fields` are N texts each, shortened, and one segment each."""
    encoded = cut(tokenizer, *fields, truncation=True, max_length=max_length, padding=False)
    names = list(encoded.keys())
    return [dict(zip(names, row, strict=True)) for row in zip(*(encoded[name] for name in names), strict=True)]


def _named_fields(tokenizer: Any, columns: Mapping[str, Sequence[str]], max_length: int) -> list[Encoded]:
    named = [[f"{name}: {text}" for text in texts] for name, texts in columns.items()]
    encoded = cut(
        tokenizer, *named, truncation=True, max_length=max_length - 1, padding=False, add_special_tokens=False
    )
    end = [tokenizer.eos_token_id] if tokenizer.eos_token_id is not None else []
    return [{"input_ids": ids + end, "attention_mask": [1] * len(ids + end)} for ids in encoded["input_ids"]]


def shortened(texts: Sequence[str], tokenizer: Any, max_length: int) -> list[str]:
    """Cut very long texts to what their first `max_length` tokens reach.

    Given whole, a pair of them would be cut in all ways at once, which takes time and memory by the square of its
    length.
    """
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
