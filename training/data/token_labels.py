"""A text-to-text teacher's soft labels: the likeliest tokens at each place of the answers that it generated.

Shapes: N rows, M tokens of all their answers, K tokens kept at each place, V tokens in the vocabulary.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import torch
from torch import Tensor

from training.data.ragged import RaggedInts
from training.data.top_outputs import log_probs_at

COLUMNS = ("answer_ids", "top_ids", "top_log_probs")
# The logarithm of a probability of nothing, as far as a product with it is still a number.
NOTHING = -1e4
# Not in sets of earlier versions.
TAILS = "tail_log_sums"


@dataclass(frozen=True, kw_only=True)
class TokenLabels:
    """Answers of N rows, cut by `bounds` (N + 1,): their tokens (M,), and the likeliest at each place.

    The last of `top_log_probs` (M, K + 1) is that of all tokens besides the K of `top_ids` (M, K). `tails` (M, G) says
    what these others sum to at several temperatures, as `tail_log_sums` gives it; None of a set that does not know.
    """

    bounds: npt.NDArray[np.int64]
    answer_ids: npt.NDArray[np.int32]
    top_ids: npt.NDArray[np.int32]
    top_log_probs: npt.NDArray[np.float32]
    tails: npt.NDArray[np.float32] | None = None

    @classmethod
    def joined(cls, parts: Sequence[Self]) -> Self:
        """Put the rows of several behind each other; all know the tails, or none does."""
        tails = [part.tails for part in parts if part.tails is not None]
        assert len(tails) in (0, len(parts))
        lengths = np.concatenate([np.diff(part.bounds) for part in parts])
        return cls(
            bounds=np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)]),
            answer_ids=np.concatenate([part.answer_ids for part in parts]),
            top_ids=np.concatenate([part.top_ids for part in parts]),
            top_log_probs=np.concatenate([part.top_log_probs for part in parts]),
            tails=np.concatenate(tails) if tails else None,
        )

    @classmethod
    def of_answers(cls, answers: RaggedInts) -> Self:
        """Be as sure of each token of written answers as can be: the divergence from these is the cross-entropy."""
        ids = answers.values.astype(np.int32)
        certain = np.broadcast_to(np.array([0.0, NOTHING], dtype=np.float32), (len(ids), 2))
        return cls(bounds=answers.bounds, answer_ids=ids, top_ids=ids[:, None], top_log_probs=certain.copy())

    def answers(self) -> list[list[int]]:
        return [part.tolist() for part in np.split(self.answer_ids, self.bounds[1:-1])]

    def take(self, rows: Sequence[int]) -> Self:
        parts = [np.arange(self.bounds[row], self.bounds[row + 1]) for row in rows]
        places = np.concatenate([np.empty(0, dtype=np.int64), *parts])
        return replace(
            self,
            bounds=np.concatenate([[0], np.cumsum([len(part) for part in parts], dtype=np.int64)]),
            answer_ids=self.answer_ids[places],
            top_ids=self.top_ids[places],
            top_log_probs=self.top_log_probs[places],
            tails=None if self.tails is None else self.tails[places],
        )

    def log_probs_at(self, temperature: float) -> Tensor:
        """Return the distributions at a temperature, (M, K + 1), the last of all other tokens together.

        Without `tails`, the others count as one token: too little above temperature 1.
        """
        if self.tails is None:
            return torch.log_softmax(torch.from_numpy(self.top_log_probs) / temperature, dim=-1)
        return log_probs_at(top_log_probs_UK=self.top_log_probs[:, :-1], tails_UG=self.tails, temperature=temperature)

    def columns(self) -> dict[str, pa.Array]:
        """Return them as Arrow columns, one flat list per row."""
        columns = dict(zip(COLUMNS, (self.answer_ids, self.top_ids, self.top_log_probs), strict=True))
        tails = {} if self.tails is None else {TAILS: self.tails}
        return {name: to_lists(found, self.bounds) for name, found in {**columns, **tails}.items()}


def token_labels_in(table: pa.Table) -> TokenLabels:
    """Read what `TokenLabels.columns` gave."""
    (answer_ids, bounds), (top_ids, _), (top_log_probs, _) = (from_lists(table.column(name)) for name in COLUMNS)
    tails = from_lists(table.column(TAILS))[0].astype(np.float32) if TAILS in table.column_names else None
    return TokenLabels(
        bounds=bounds,
        answer_ids=answer_ids.astype(np.int32),
        top_ids=top_ids.reshape(len(answer_ids), -1).astype(np.int32),
        top_log_probs=top_log_probs.reshape(len(answer_ids), -1).astype(np.float32),
        tails=None if tails is None else tails.reshape(len(answer_ids), -1),
    )


def to_lists(values: npt.NDArray[np.generic], bounds: npt.NDArray[np.int64]) -> pa.Array:
    """Write an array (M,) or (M, K), cut into N rows by `bounds` (N + 1,), as one flat list per row."""
    width = values.shape[1] if values.ndim > 1 else 1
    return pa.ListArray.from_arrays((bounds * width).astype(np.int32), pa.array(values.reshape(-1)))


def from_lists(column: pa.ChunkedArray) -> tuple[npt.NDArray[Any], npt.NDArray[np.int64]]:
    """Read a column of lists, without a Python object for each number: all values, and where each list starts."""
    values = np.concatenate([chunk.flatten().to_numpy(zero_copy_only=False) for chunk in column.chunks])
    lengths = np.concatenate([chunk.value_lengths().to_numpy(zero_copy_only=False) for chunk in column.chunks])
    return values, np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)])
