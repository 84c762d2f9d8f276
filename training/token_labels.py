"""A text-to-text teacher's soft labels: the likeliest tokens at each place of the answers that it wrote itself.

Shapes: N rows, M tokens of all their answers, K tokens kept at each place, V tokens in the vocabulary.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import torch
from torch import Tensor

from training.data import EncodedRows
from training.losses import IGNORED, cross_entropy_sum, distillation_sum
from training.text_to_text import TARGETS, folded
from training.units import Units

COLUMNS = ("answer_ids", "top_ids", "top_log_probs")


@dataclass(frozen=True, kw_only=True)
class TokenLabels:
    """Answers of N rows, cut by `bounds` (N + 1,): their tokens (M,), and the likeliest at each place.

    `top_log_probs` (M, K + 1) ends with all tokens besides the K of `top_ids` (M, K); its shares add up to one.
    """

    bounds: npt.NDArray[np.int64]
    answer_ids: npt.NDArray[np.int32]
    top_ids: npt.NDArray[np.int32]
    top_log_probs: npt.NDArray[np.float32]

    def answers(self) -> list[list[int]]:
        """Return the tokens of each row's answer."""
        return [part.tolist() for part in np.split(self.answer_ids, self.bounds[1:-1])]

    def take(self, rows: Sequence[int]) -> TokenLabels:
        """Return those of some rows, in their order."""
        parts = [np.arange(self.bounds[row], self.bounds[row + 1]) for row in rows]
        places = np.concatenate([np.empty(0, dtype=np.int64), *parts])
        return TokenLabels(
            bounds=np.concatenate([[0], np.cumsum([len(part) for part in parts], dtype=np.int64)]),
            answer_ids=self.answer_ids[places],
            top_ids=self.top_ids[places],
            top_log_probs=self.top_log_probs[places],
        )

    def columns(self) -> dict[str, pa.Array]:
        """Return them as Arrow takes them, one flat list per row and column."""
        values = (self.answer_ids, self.top_ids, self.top_log_probs)
        return {name: _lists(found, self.bounds) for name, found in zip(COLUMNS, values, strict=True)}


def token_labels_in(table: pa.Table) -> TokenLabels:
    """Read back what `TokenLabels.columns` gave."""
    answer_ids, top_ids, top_log_probs = (_flat(table.column(name)) for name in COLUMNS)
    lengths = [chunk.value_lengths().to_numpy(zero_copy_only=False) for chunk in table.column(COLUMNS[0]).chunks]
    num_tokens = len(answer_ids)
    return TokenLabels(
        bounds=np.concatenate([[0], np.cumsum(np.concatenate(lengths), dtype=np.int64)]),
        answer_ids=answer_ids.astype(np.int32),
        top_ids=top_ids.reshape(num_tokens, -1).astype(np.int32),
        top_log_probs=top_log_probs.reshape(num_tokens, -1).astype(np.float32),
    )


def _lists(values: npt.NDArray[np.generic], bounds: npt.NDArray[np.int64]) -> pa.Array:
    width = values.shape[1] if values.ndim > 1 else 1
    return pa.ListArray.from_arrays((bounds * width).astype(np.int32), pa.array(values.reshape(-1)))


def _flat(column: pa.ChunkedArray) -> npt.NDArray[np.generic]:
    found: npt.NDArray[np.generic] = np.concatenate(
        [chunk.flatten().to_numpy(zero_copy_only=False) for chunk in column.chunks]
    )
    return found


@dataclass(frozen=True, kw_only=True)
class TokenLoss:
    """A loss over the tokens of answers: KL to a teacher's distributions where there are some, cross-entropy elsewhere.

    A unit is a token. `top_ids_UK` and `teacher_UK` (log-probabilities of those tokens, then of the rest) are of a
    teacher where `answered_U`; `target_U` is the gold token elsewhere, else IGNORED.
    """

    units: Units
    target_U: Tensor
    answered_U: Tensor
    top_ids_UK: Tensor
    teacher_UK: Tensor
    temperature: float = 1.0
    gold_weight: float = 1.0

    @classmethod
    def of_gold(cls, rows: EncodedRows) -> TokenLoss:
        """Make the loss of rows whose answers are all gold."""
        target_U = torch.tensor([token for row in rows.inputs for token in row[TARGETS]], dtype=torch.int64)
        nothing = torch.empty((len(target_U), 0), dtype=torch.int64)
        return cls(
            units=rows.units,
            target_U=target_U,
            answered_U=torch.zeros(len(target_U), dtype=torch.bool),
            top_ids_UK=nothing,
            teacher_UK=nothing.float(),
        )

    def on(self, device: torch.device) -> TokenLoss:
        """Return the same loss on a device."""
        return replace(
            self,
            units=self.units.to(device),
            **{name: getattr(self, name).to(device) for name in ("target_U", "answered_U", "top_ids_UK", "teacher_UK")},
        )

    def __call__(self, *, logits: Tensor, rows: Tensor) -> Tensor:
        """Return the loss summed over the rows; logits are (U, V)."""
        unit = self.units.of(rows)
        loss = self.gold_weight * cross_entropy_sum(logits_BC=logits, target_B=self.target_U[unit])
        answered = self.answered_U[unit]
        if not bool(answered.any()):
            return loss
        taught = unit[answered]
        return loss + distillation_sum(
            student_BC=folded(logits[answered], self.top_ids_UK[taught]),
            teacher_BC=self.teacher_UK[taught],
            temperature=self.temperature,
            mask_B=torch.ones_like(taught, dtype=torch.bool),
        )

    def num_valid(self, rows: Tensor) -> int:
        """Return how many tokens the loss of the rows has."""
        unit = self.units.of(rows.to(self.target_U.device))
        return int((self.answered_U[unit] | (self.target_U[unit] != IGNORED)).sum())
