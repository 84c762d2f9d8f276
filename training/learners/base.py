"""How a task type is learned: rows to token ids and targets, a head on an encoder, outputs to answers, losses.

Losses are sums over terms: one per unit, or one per unit and label where labels do not exclude each other. Shapes:
N rows, U units of them, C outputs per unit.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from torch import Tensor, nn

from training.answers import Rows
from training.data import Encoded, ModelOutputs, Units
from training.learners.tag_transitions import TagTransitions
from training.losses import cross_entropy_sum, distillation_sum
from training.models import EncoderClassifier
from training.tasks import TaskType


class TaskLearner(ABC):
    """The trainer's side of one task type; `labels` are the study's, in their order."""

    # Whether the outputs of a unit are one choice among all of them.
    is_one_choice = True

    def __init__(self, task_type: TaskType, transitions: TagTransitions | None = None) -> None:
        """Decode tags by `transitions` too, where there are some."""
        self.task_type = task_type
        self.transitions = transitions

    @abstractmethod
    def encode(
        self, *, tokenizer: Any, columns: Mapping[str, Sequence[str]], max_length: int, pooling: str = "mean"
    ) -> list[Encoded]:
        """Turn N rows of text into token ids, unpadded; where units are words, with their tokens as WORD_TOKENS."""

    @abstractmethod
    def build(self, *, encoder: nn.Module, labels: Sequence[str], pooling: str = "mean") -> EncoderClassifier:
        """Put a head on an encoder: padded inputs to the outputs (U, C) of those units of a batch that can be seen."""

    @abstractmethod
    def targets(self, *, rows: Rows, units: Units, labels: Sequence[str]) -> Tensor:
        """Return targets, int64 (U,) or, of independent labels, float (U, C); IGNORED where there is no gold answer."""

    @abstractmethod
    def decode(self, *, outputs: ModelOutputs, rows: Rows, labels: Sequence[str]) -> list[str | None]:
        """Turn outputs into N answers; None where an output is no answer, which is never the first class."""

    @abstractmethod
    def probabilities(self, *, outputs: ModelOutputs, labels: Sequence[str]) -> npt.NDArray[np.float32]:
        """Return, per row and label, how probable it is that the answer has this label, (N, number of labels)."""

    def cross_entropy_sum(self, *, logits: Tensor, target: Tensor) -> Tensor:
        return cross_entropy_sum(logits_BC=logits, target_B=target)

    def distillation_sum(self, *, student: Tensor, teacher: Tensor, temperature: float, mask: Tensor) -> Tensor:
        return distillation_sum(student_BC=student, teacher_BC=teacher, temperature=temperature, mask_B=mask)

    def choices(self, values_UC: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Return outputs as decisions (D, K), each a choice among K by logits: here one per unit, among its outputs."""
        return values_UC
