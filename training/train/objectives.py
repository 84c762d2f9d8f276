"""What a training minimises: losses summed over rows, against gold answers and against a teacher."""

from dataclasses import dataclass, fields, replace
from typing import Any, Self

import numpy as np
import torch
from torch import Tensor

from training.data import EncodedRows, Units
from training.learners import TaskLearner
from training.losses import IGNORED, NOWHERE, cross_entropy_sum, other_text_sum, top_distillation_sum
from training.models import TARGETS


@dataclass(frozen=True, kw_only=True)
class _MovableLoss:
    """A loss that holds tensors."""

    def on(self, device: torch.device) -> Self:
        """Return the same loss on a device."""
        held = {one.name: getattr(self, one.name) for one in fields(self)}
        moved: dict[str, Any] = {
            name: value.to(device) for name, value in held.items() if isinstance(value, Tensor | Units)
        }
        return replace(self, **moved)


@dataclass(frozen=True, kw_only=True)
class _UnitLoss(_MovableLoss):
    """A loss over units of rows."""

    units: Units


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


@dataclass(frozen=True, kw_only=True)
class MarkLoss(_MovableLoss):
    """A loss over windows of passages, the mean of those of start and end: KL to a teacher, and cross-entropy to gold.

    `count_W` are the places of each window, the first of which stands for no answer. `target_W2` are gold ones, else
    IGNORED. Where `answered_W`, `teacher_W2K` are log-probabilities at the temperature, of the places in
    `top_places_W2K`, -1 of none, and then of all others of the window together.
    """

    count_W: Tensor
    target_W2: Tensor
    answered_W: Tensor
    top_places_W2K: Tensor
    teacher_W2K: Tensor
    temperature: float = 1.0
    gold_weight: float = 1.0

    @classmethod
    def of_gold(cls, *, count_W: Tensor, target_W2: Tensor) -> Self:
        nothing = torch.empty((len(count_W), 2, 0), dtype=torch.int64)
        return cls(
            count_W=count_W,
            target_W2=target_W2,
            answered_W=torch.zeros(len(count_W), dtype=torch.bool),
            top_places_W2K=nothing,
            teacher_W2K=nothing.float(),
        )

    def __call__(self, *, logits: Tensor, rows: Tensor) -> Tensor:
        scores_B2P, longest = self._by_window(logits, rows)
        loss = self.gold_weight * cross_entropy_sum(logits_BC=scores_B2P, target_B=self.target_W2[rows])
        answered = self.answered_W[rows]
        if bool(answered.any()):
            taught = rows[answered]
            places_B2K = self.top_places_W2K[taught]
            # Each slot without a place has one of its own, where nothing is.
            nowhere_K = longest + torch.arange(places_B2K.shape[-1], device=places_B2K.device)
            loss = loss + top_distillation_sum(
                student_BV=scores_B2P[answered],
                top_ids_BK=torch.where(places_B2K < 0, nowhere_K, places_B2K),
                teacher_BK=self.teacher_W2K[taught],
                temperature=self.temperature,
            )
        return loss / 2

    def num_valid(self, rows: Tensor) -> int:
        known = rows.to(self.count_W.device)
        return int((self.answered_W[known] | (self.target_W2[known, 0] != IGNORED)).sum())

    def _by_window(self, logits: Tensor, rows: Tensor) -> tuple[Tensor, int]:
        """Return logits of the places of each window, (B, 2, longest + K), filled up with NOWHERE, and the longest."""
        count_B = self.count_W[rows]
        longest = int(count_B.max())
        is_real_BP = torch.arange(longest, device=logits.device) < count_B[:, None]
        scores_BP2 = logits.new_full((len(rows), longest + self.top_places_W2K.shape[-1], 2), NOWHERE)
        scores_BP2[:, :longest][is_real_BP] = logits
        return scores_BP2.transpose(1, 2), longest
