"""One text, one of several labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import numpy.typing as npt

from training.task_types.base import Encoded, Floats, TaskType

if TYPE_CHECKING:
    from torch import Tensor, nn

    from training.classifier import EncoderClassifier


class TextClassification(TaskType):
    """Assigns one of the study's labels to a text."""

    name = "text_classification"
    title = "Text classification"
    input_fields: ClassVar[tuple[str, ...]] = ("text",)
    metrics = ("accuracy", "macro_f1", "micro_f1")

    def encode(self, *, tokenizer: Any, columns: Mapping[str, Sequence[str]], max_length: int) -> list[Encoded]:
        """Tokenise the input fields in order, as one segment each; see TaskType.encode."""
        fields = [list(columns[name]) for name in self.input_fields]
        encoded = tokenizer(*fields, truncation=True, max_length=max_length, padding=False)
        names = list(encoded.keys())
        return [dict(zip(names, row, strict=True)) for row in zip(*(encoded[name] for name in names), strict=True)]

    def build(self, *, encoder: nn.Module, labels: Sequence[str]) -> EncoderClassifier:
        """Put a linear head with one output per label on the encoder; see TaskType.build."""
        from training.classifier import EncoderClassifier

        return EncoderClassifier(encoder=encoder, num_labels=len(labels))

    def targets(self, *, gold: Sequence[str], labels: Sequence[str]) -> Tensor:
        """Return each gold label's place in `labels`, int64 (N,); see TaskType.targets."""
        import torch

        place = {label: index for index, label in enumerate(labels)}
        return torch.tensor([place[label] for label in gold], dtype=torch.int64)

    def decode(self, *, logits_NC: npt.NDArray[np.float32], labels: Sequence[str]) -> list[str | None]:
        """Return the label of the largest output, None where an output is not finite; see TaskType.decode."""
        best = logits_NC.argmax(axis=1)
        finite = np.atleast_1d(np.isfinite(logits_NC).all(axis=1))
        return [labels[index] if good else None for index, good in zip(best, finite, strict=True)]

    def tally(self, *, gold: Sequence[str], predicted: Sequence[str | None], labels: Sequence[str]) -> Floats:
        """Count hits, golds and predictions per label, K = 3 C; see TaskType.tally."""
        gold_NC = _one_hot(gold, labels)
        predicted_NC = _one_hot(predicted, labels)
        return np.concatenate([gold_NC * predicted_NC, gold_NC, predicted_NC], axis=1)

    def score(self, *, totals_RK: Floats) -> dict[str, Floats]:
        """Return accuracy, macro and micro F1; a label neither gold nor predicted has no share in macro F1."""
        hits_RC, gold_RC, predicted_RC = np.split(totals_RK, 3, axis=1)
        support_RC = gold_RC + predicted_RC
        f1_RC = 2 * hits_RC / np.maximum(support_RC, 1)
        hits_R = hits_RC.sum(axis=1)
        return {
            "accuracy": hits_R / gold_RC.sum(axis=1),
            "macro_f1": f1_RC.sum(axis=1) / np.maximum((support_RC > 0).sum(axis=1), 1),
            "micro_f1": 2 * hits_R / support_RC.sum(axis=1),
        }


def _one_hot(answers: Sequence[str | None], labels: Sequence[str]) -> Floats:
    place = {label: index for index, label in enumerate(labels)}
    hot_NC = np.zeros((len(answers), len(labels)))
    for row, answer in enumerate(answers):
        if answer is not None:
            hot_NC[row, place[answer]] = 1
    return hot_NC
