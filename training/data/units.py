"""Units: what a model gives one output vector for. A row is one unit, or as many as it has words.

Rows differ in their number of words, so arrays over units are flat: those of the first row, then of the second.
Shapes: N rows, U units of all rows, C outputs per unit.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from training.data.ragged import RaggedInts

# Every output of a unit that the model could not see; finite nowhere, and unlike what a broken model gives.
UNSEEN = -np.inf


@dataclass(frozen=True, kw_only=True)
class Units:
    """Which units belong to which row, and which of them the model can see (a cut text hides its end)."""

    start_N: Tensor
    count_N: Tensor
    seen_U: Tensor

    @classmethod
    def one_per_row(cls, num_rows: int) -> Self:
        """Make each row one unit."""
        return cls(
            start_N=torch.arange(num_rows),
            count_N=torch.ones(num_rows, dtype=torch.int64),
            seen_U=torch.ones(num_rows, dtype=torch.bool),
        )

    @classmethod
    def of_words(cls, positions: Sequence[Sequence[int]]) -> Self:
        """Make each word a unit; a position below 0 is a word without a token."""
        return cls.of_positions(RaggedInts.of(positions))

    @classmethod
    def of_positions(cls, positions: RaggedInts) -> Self:
        """Make each word a unit, as `of_words`."""
        return cls(
            start_N=torch.from_numpy(positions.bounds[:-1]),
            count_N=torch.from_numpy(positions.lengths),
            seen_U=torch.from_numpy(positions.values >= 0),
        )

    def to(self, device: torch.device) -> Self:
        return replace(
            self, start_N=self.start_N.to(device), count_N=self.count_N.to(device), seen_U=self.seen_U.to(device)
        )

    def of(self, rows: Tensor) -> Tensor:
        """Return the numbers of the units that can be seen, of some rows (B,), in the rows' order."""
        count_B = self.count_N[rows]
        shift_B = self.start_N[rows] - (count_B.cumsum(0) - count_B)
        shift = torch.repeat_interleave(shift_B, count_B)
        numbers = shift + torch.arange(len(shift), device=shift.device)
        return numbers[self.seen_U[numbers]]

    def bounds(self) -> npt.NDArray[np.int64]:
        """Return where each row's units start, and where the last one's end, (N + 1,)."""
        return np.concatenate([[0], self.count_N.cumsum(0).cpu().numpy()])


@dataclass(frozen=True, kw_only=True)
class ModelOutputs:
    """A model's outputs for N rows: fp32 values (U, C), cut into rows by `bounds` (N + 1,)."""

    values_UC: npt.NDArray[np.float32]
    bounds: npt.NDArray[np.int64]

    @classmethod
    def one_per_row(cls, values_NC: npt.NDArray[np.float32]) -> Self:
        return cls(values_UC=values_NC, bounds=np.arange(len(values_NC) + 1))

    @classmethod
    def joined(cls, parts: Sequence[Self]) -> Self:
        """Return the outputs of the rows of several, one behind the other."""
        counts_N = np.concatenate([np.diff(one.bounds) for one in parts])
        bounds = np.concatenate([[0], np.cumsum(counts_N, dtype=np.int64)])
        return cls(values_UC=np.concatenate([one.values_UC for one in parts]), bounds=bounds)

    def __len__(self) -> int:
        return len(self.bounds) - 1

    def row(self, number: int) -> npt.NDArray[np.float32]:
        """Return the outputs of one row, (its units, C)."""
        return self.values_UC[self.bounds[number] : self.bounds[number + 1]]

    def between(self, start: int, stop: int) -> Self:
        """Return the outputs of the rows from `start` to before `stop`; the values are shared."""
        bounds = self.bounds[start : stop + 1]
        return replace(self, values_UC=self.values_UC[bounds[0] : bounds[-1]], bounds=bounds - bounds[0])

    def of(self, kept_N: npt.NDArray[np.bool_]) -> Self:
        counts = np.diff(self.bounds)
        bounds = np.concatenate([[0], np.cumsum(counts[kept_N], dtype=np.int64)])
        return replace(self, values_UC=self.values_UC[np.repeat(kept_N, counts)], bounds=bounds)

    def over(self, units: Units) -> npt.NDArray[np.float32]:
        """Align these outputs with another model's units of the same texts, and of rows behind them; UNSEEN where none.

        Units are counted from the start of each text, so that models with different tokenizers mean the same word by
        the same number; they may only cut a text at different words.
        """
        bounds = units.bounds()
        counts = np.diff(bounds)
        had = np.zeros(len(counts), dtype=np.int64)
        had[: len(self)] = np.diff(self.bounds)
        row_U = np.repeat(np.arange(len(counts)), counts)
        place_U = np.arange(bounds[-1]) - bounds[row_U]
        known_U = place_U < had[row_U]
        aligned = np.full((bounds[-1], self.values_UC.shape[1]), UNSEEN, dtype=np.float32)
        aligned[known_U] = self.values_UC[self.bounds[row_U[known_U]] + place_U[known_U]]
        return aligned
