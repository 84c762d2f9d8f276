"""Lists of different lengths as flat arrays: a million rows of token ids are a million Python lists otherwise."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

Indices = npt.NDArray[np.int64]

NARROW = (np.int8, np.int16, np.int32)


@dataclass(frozen=True, kw_only=True)
class RaggedInts:
    """Whole numbers of N rows, cut by `bounds` (N + 1,): `values` (M,), of the narrowest type that holds them."""

    values: npt.NDArray[np.integer[Any]]
    bounds: Indices

    @classmethod
    def of(cls, lists: Sequence[Sequence[int]]) -> Self:
        lengths = np.fromiter(map(len, lists), dtype=np.int64, count=len(lists))
        bounds = _bounds(lengths)
        values = np.fromiter(chain.from_iterable(lists), dtype=np.int64, count=int(bounds[-1]))
        return cls(values=_narrowed(values), bounds=bounds)

    @classmethod
    def joined(cls, parts: Sequence[Self]) -> Self:
        """Put the rows of several behind each other; values that are all alike are kept once."""
        values = np.concatenate([part.values for part in parts])
        if len(values) and (values == values[0]).all():
            values = np.broadcast_to(values[:1].copy(), values.shape)
        return cls(values=values, bounds=_bounds(np.concatenate([np.diff(part.bounds) for part in parts])))

    def __len__(self) -> int:
        return len(self.bounds) - 1

    @property
    def lengths(self) -> Indices:
        return np.diff(self.bounds)

    def taken(self, indices: Indices) -> Self:
        """Return some rows, in this order, each as often as it is named."""
        places_M, is_real_BL = places_of(self.bounds, indices)
        return type(self)(values=self.values[places_M], bounds=_bounds(is_real_BL.sum(axis=1)))

    def padded(self, indices: Indices, *, fill: int) -> Tensor:
        """Return some rows, filled up to the longest of them, int64 (B, longest)."""
        places_M, is_real_BL = places_of(self.bounds, indices)
        padded_BL = np.full(is_real_BL.shape, fill, dtype=np.int64)
        padded_BL[is_real_BL] = self.values[places_M]
        return torch.from_numpy(padded_BL)


def places_of(bounds: Indices, indices: Indices) -> tuple[Indices, npt.NDArray[np.bool_]]:
    """Return where the values of some rows are, (their number,), and a mask (B, longest) of where they come to be."""
    start_B = bounds[indices]
    length_B = bounds[indices + 1] - start_B
    column_L = np.arange(int(length_B.max(initial=0)))
    is_real_BL = column_L < length_B[:, None]
    return (start_B[:, None] + column_L)[is_real_BL], is_real_BL


def _bounds(lengths: Indices) -> Indices:
    return np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)])


def _narrowed(values: Indices) -> npt.NDArray[np.integer[Any]]:
    low, high = values.min(initial=0), values.max(initial=0)
    fitting = (kind for kind in NARROW if np.iinfo(kind).min <= low and high <= np.iinfo(kind).max)
    return values.astype(next(fitting, np.int64))
