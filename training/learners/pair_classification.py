"""Two texts read together, as two segments, or apart by a bi-encoder."""

from collections.abc import Mapping, Sequence
from typing import Any

from torch import nn

from training.data import Encoded, join_pair
from training.learners.text_classification import TextClassificationLearner, encode_segments, shortened
from training.models import BiEncoder, EncoderClassifier
from training.tasks import BI_ENCODER


class PairClassificationLearner(TextClassificationLearner):
    """Learns one label per pair of texts."""

    def encode(
        self, *, tokenizer: Any, columns: Mapping[str, Sequence[str]], max_length: int, pooling: str = "mean"
    ) -> list[Encoded]:
        if pooling != BI_ENCODER:
            return super().encode(tokenizer=tokenizer, columns=columns, max_length=max_length)
        first, second = (
            encode_segments([shortened(columns[field], tokenizer, max_length)], tokenizer, max_length)
            for field in self.task_type.input_fields
        )
        return [join_pair(*sides) for sides in zip(first, second, strict=True)]

    def build(self, *, encoder: nn.Module, labels: Sequence[str], pooling: str = "mean") -> EncoderClassifier:
        if pooling != BI_ENCODER:
            return super().build(encoder=encoder, labels=labels, pooling=pooling)
        return BiEncoder(encoder=encoder, num_outputs=len(labels), pooling=pooling)
