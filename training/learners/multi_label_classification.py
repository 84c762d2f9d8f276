"""One vector of a text; each label is a decision of its own, and applies where it is more probable than not."""

import json
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from training.answers import Rows
from training.data import ModelOutputs, Units
from training.learners.text_classification import TextClassificationLearner
from training.losses import IGNORED, binary_cross_entropy_sum, binary_distillation_sum


class MultiLabelClassificationLearner(TextClassificationLearner):
    """Learns a set of labels per row."""

    is_one_choice = False

    def targets(self, *, rows: Rows, units: Units, labels: Sequence[str]) -> Tensor:
        place = {label: index for index, label in enumerate(labels)}
        target_NC = torch.zeros(len(rows), len(labels))
        for row, answer in enumerate(rows.answers()):
            if answer is None:
                target_NC[row] = IGNORED
            else:
                target_NC[row, [place[label] for label in json.loads(answer)]] = 1
        return target_NC

    def cross_entropy_sum(self, *, logits: Tensor, target: Tensor) -> Tensor:
        return binary_cross_entropy_sum(logits_BC=logits, target_BC=target)

    def distillation_sum(self, *, student: Tensor, teacher: Tensor, temperature: float, mask: Tensor) -> Tensor:
        return binary_distillation_sum(student_BC=student, teacher_BC=teacher, temperature=temperature, mask_B=mask)

    def choices(self, values_UC: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Return each label's two outcomes, not and yes, by a logit of 0 and its log-odds."""
        return np.stack([np.zeros_like(values_UC), values_UC], axis=-1).reshape(-1, 2)

    def decode(self, *, outputs: ModelOutputs, rows: Rows, labels: Sequence[str]) -> list[str | None]:
        """Return the labels with an output above 0, None where an output is not finite."""
        finite = np.atleast_1d(np.isfinite(outputs.values_UC).all(axis=1))
        return [
            json.dumps([labels[index] for index in np.flatnonzero(values > 0)], ensure_ascii=False) if good else None
            for values, good in zip(outputs.values_UC, finite, strict=True)
        ]

    def probabilities(self, *, outputs: ModelOutputs, labels: Sequence[str]) -> npt.NDArray[np.float32]:
        return torch.sigmoid(torch.from_numpy(outputs.values_UC)).numpy()
