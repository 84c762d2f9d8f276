"""Two texts, one of several labels for their relation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from training.settings import BI_ENCODER, PAIR_POOLINGS
from training.sides import joined_sides
from training.task_types.base import Encoded
from training.task_types.text_classification import TextClassification, shortened, tokenised

if TYPE_CHECKING:
    from torch import nn

    from training.classifier import EncoderClassifier


class PairClassification(TextClassification):
    """Assigns a label to a pair (claim and evidence, two sentences).

    The two are read together, as two segments, or apart by a bi-encoder.
    """

    name = "pair_classification"
    title = "Pair classification"
    input_fields = ("text_a", "text_b")
    poolings = PAIR_POOLINGS

    def encode(
        self, *, tokenizer: Any, columns: Mapping[str, Sequence[str]], max_length: int, pooling: str = "mean"
    ) -> list[Encoded]:
        """Tokenise both texts as one sequence, or for a bi-encoder as one each; see TaskType.encode."""
        if pooling != BI_ENCODER:
            return super().encode(tokenizer=tokenizer, columns=columns, max_length=max_length)
        first, second = (
            tokenised([shortened(columns[field], tokenizer, max_length)], tokenizer, max_length)
            for field in self.input_fields
        )
        return [joined_sides(*sides) for sides in zip(first, second, strict=True)]

    def build(self, *, encoder: nn.Module, labels: Sequence[str], pooling: str = "mean") -> EncoderClassifier:
        """Put a linear head on one vector of both texts, or on the two of a bi-encoder; see TaskType.build."""
        from training.classifier import BiEncoder

        if pooling != BI_ENCODER:
            return super().build(encoder=encoder, labels=labels, pooling=pooling)
        return BiEncoder(encoder=encoder, num_outputs=len(labels), pooling=pooling)
