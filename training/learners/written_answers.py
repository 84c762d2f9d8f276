"""Answers that are free text: there is no head, no class and no tag, only a model that writes."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from training.answers import Rows
from training.data import Encoded, ModelOutputs, Units, tokenise
from training.learners.base import TaskLearner
from training.learners.text_classification import by_row
from training.losses import IGNORED
from training.models import EncoderClassifier, PretrainedUnusable
from training.tasks import TaskType, WrittenAnswerType


def prompts_of(task_type: TaskType, columns: Mapping[str, Sequence[str]]) -> list[str]:
    """Return the one text of each of N rows that a model which writes is shown."""
    assert isinstance(task_type, WrittenAnswerType)
    names = list(columns)
    by_row = zip(*columns.values(), strict=True)
    return [task_type.prompt(dict(zip(names, texts, strict=True))) for texts in by_row]


class WrittenAnswerLearner(TaskLearner):
    """Learns to write an answer to a prompt; the one output of a row is the log-probability of what was written.

    It is the mean over the tokens, so that a long answer is not penalised for its length; NaN of an empty answer.
    """

    def encode(
        self, *, tokenizer: Any, columns: Mapping[str, Sequence[str]], max_length: int, pooling: str = "mean"
    ) -> list[Encoded]:
        """Tokenise the prompts for an encoder-decoder."""
        prompts = prompts_of(self.task_type, columns)
        return by_row(tokenise(tokenizer, prompts, truncation=True, max_length=max_length, padding=False))

    def build(self, *, encoder: nn.Module, labels: Sequence[str], pooling: str = "mean") -> EncoderClassifier:
        raise PretrainedUnusable(
            f"{self.task_type.title} needs a model that writes. Take a text-to-text model such as T5, or a decoder "
            "such as SmolLM2."
        )

    def targets(self, *, rows: Rows, units: Units, labels: Sequence[str]) -> Tensor:
        """Say of each row whether there is an answer, 0, or none."""
        return torch.tensor([IGNORED if answer is None else 0 for answer in rows.answers()], dtype=torch.int64)

    def decode(self, *, outputs: ModelOutputs, rows: Rows, labels: Sequence[str]) -> list[str | None]:
        raise TypeError("a written answer is read from its tokens, by predict_answers, and not from its probability")

    def probabilities(self, *, outputs: ModelOutputs, labels: Sequence[str]) -> npt.NDArray[np.float32]:
        """Return the geometric mean of the probabilities of an answer's tokens, (N, 1)."""
        shares: npt.NDArray[np.float32] = np.exp(outputs.values_UC)
        return shares
