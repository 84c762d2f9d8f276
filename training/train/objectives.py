"""What a training minimises: losses summed over rows, against gold answers and against a teacher."""

from dataclasses import dataclass, fields, replace
from typing import Any, Self

import numpy as np
import torch
from torch import Tensor

from training.data import EncodedRows, Units
from training.learners import TaskLearner
from training.losses import IGNORED, cross_entropy_sum, other_text_sum, top_distillation_sum
from training.models import TARGETS


@dataclass(frozen=True, kw_only=True)
class _UnitLoss:
    """A loss over units of rows."""

    units: Units

    def on(self, device: torch.device) -> Self:
        """Return the same loss on a device."""
        held = {one.name: getattr(self, one.name) for one in fields(self)}
        moved: dict[str, Any] = {
            name: value.to(device) for name, value in held.items() if isinstance(value, Tensor | Units)
        }
        return replace(self, **moved)


@dataclass(frozen=True, kw_only=True)
class GoldLoss(_UnitLoss):
    """Cross-entropy against gold answers; `target` is (U,), or (U, C) where labels do not exclude each other."""

    learner: TaskLearner
    target: Tensor

    def __call__(self, *, logits: Tensor, rows: Tensor) -> Tensor:
        return self.learner.cross_entropy_sum(logits=logits, target=self.target[self.units.of(rows)])

    def num_valid(self, rows: Tensor) -> int:
        return int((self.target[self.units.of(rows.to(self.target.device))] != IGNORED).sum())


@dataclass(frozen=True, kw_only=True)
class SoftLoss(_UnitLoss):
    """KL to the teacher where it answered, plus weighted cross-entropy where there is a gold answer, over U units.

    A text-to-text student could also generate something else than a label, and is trained not to. Of a teacher of
    many classes, `teacher_UC` are those of `top_ids_UK`, then all others together, at the temperature.
    """

    learner: TaskLearner
    teacher_UC: Tensor
    answered_U: Tensor
    target: Tensor
    temperature: float
    gold_weight: float
    is_text_to_text: bool = False
    top_ids_UK: Tensor | None = None

    def __call__(self, *, logits: Tensor, rows: Tensor) -> Tensor:
        unit = self.units.of(rows)
        loss = self._distillation_sum(logits, unit)
        if self.gold_weight:
            gold = self.learner.cross_entropy_sum(logits=logits, target=self.target[unit])
            loss = loss + self.gold_weight * gold
        if self.is_text_to_text:
            weight = self.answered_U[unit] + self.gold_weight * (self.target[unit] != IGNORED)
            loss = loss + other_text_sum(log_probs_BC=logits, weight_B=weight)
        return loss

    def _distillation_sum(self, logits: Tensor, unit: Tensor) -> Tensor:
        answered = self.answered_U[unit]
        if self.top_ids_UK is None:
            return self.learner.distillation_sum(
                student=logits, teacher=self.teacher_UC[unit], temperature=self.temperature, mask=answered
            )
        return top_distillation_sum(
            student_BV=logits[answered],
            top_ids_BK=self.top_ids_UK[unit[answered]].long(),
            teacher_BK=self.teacher_UC[unit[answered]],
            temperature=self.temperature,
        )

    def num_valid(self, rows: Tensor) -> int:
        """Return how many terms the loss of the rows has: each has a teacher's answer, a gold one, or both."""
        unit = self.units.of(rows.to(self.target.device))
        target = self.target[unit]
        answered = self.answered_U[unit].reshape(-1, *[1] * (target.ndim - 1))
        return int((answered | (target != IGNORED)).sum())


@dataclass(frozen=True, kw_only=True)
class TokenLoss(_UnitLoss):
    """A loss over the tokens of answers: KL to a teacher's distributions where there are some, cross-entropy elsewhere.

    A unit is a token. `top_ids_UK` and `teacher_UK` (log-probabilities at the temperature of those tokens, then of the
    rest) are a teacher's where `answered_U`; `target_U` is the gold token elsewhere, else IGNORED.
    """

    target_U: Tensor
    answered_U: Tensor
    top_ids_UK: Tensor
    teacher_UK: Tensor
    temperature: float = 1.0
    gold_weight: float = 1.0

    @classmethod
    def of_gold(cls, rows: EncodedRows) -> Self:
        target_U = torch.from_numpy(rows.inputs[TARGETS].values.astype(np.int64))
        nothing = torch.empty((len(target_U), 0), dtype=torch.int64)
        return cls(
            units=rows.units,
            target_U=target_U,
            answered_U=torch.zeros(len(target_U), dtype=torch.bool),
            top_ids_UK=nothing,
            teacher_UK=nothing.float(),
        )

    def __call__(self, *, logits: Tensor, rows: Tensor) -> Tensor:
        unit = self.units.of(rows)
        loss = self.gold_weight * cross_entropy_sum(logits_BC=logits, target_B=self.target_U[unit])
        answered = self.answered_U[unit]
        if not bool(answered.any()):
            return loss
        taught = unit[answered]
        return loss + top_distillation_sum(
            student_BV=logits[answered],
            top_ids_BK=self.top_ids_UK[taught],
            teacher_BK=self.teacher_UK[taught],
            temperature=self.temperature,
        )

    def num_valid(self, rows: Tensor) -> int:
        unit = self.units.of(rows.to(self.target_U.device))
        return int((self.answered_U[unit] | (self.target_U[unit] != IGNORED)).sum())
