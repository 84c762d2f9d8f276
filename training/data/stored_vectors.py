"""A teacher's vectors of the texts that it scored: written once, read from their files a batch at a time.

Shapes: N rows, S texts of each that were read apart (2 of a bi-encoder, else 1), K dimensions.
"""

from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Floats = npt.NDArray[np.float32]
Indices = npt.NDArray[np.int64]

ROWS_PER_BLOCK = 4_096


def vector_column(vectors_NSK: Floats) -> pa.Array:
    """Write vectors, each scaled to length 1, in half precision; a vector that is not finite becomes zero."""
    flat_NW = unit_vectors(vectors_NSK).reshape(len(vectors_NSK), -1).astype(np.float16)
    return pa.FixedSizeListArray.from_arrays(pa.array(flat_NW.reshape(-1)), flat_NW.shape[1])


def unit_vectors(vectors_NSK: Floats) -> Floats:
    """Scale vectors to length 1; those without a direction become zero."""
    norm_NS1 = np.linalg.norm(vectors_NSK, axis=-1, keepdims=True)
    has_direction_NS1 = np.isfinite(norm_NS1) & (norm_NS1 > 0)
    scaled: Floats = np.where(has_direction_NS1, vectors_NSK, 0) / np.where(has_direction_NS1, norm_NS1, 1)
    return scaled


@dataclass(frozen=True, kw_only=True)
class StoredVectors:
    """Vectors of length 1 of N rows, of the `shape` (S, K) each; `shards` view the files, which hold them.

    `place_N` is where a row's are, counted over all shards.
    """

    shards: tuple[npt.NDArray[np.float16], ...]
    place_N: Indices
    shape: tuple[int, int]

    @classmethod
    def of_column(cls, column: pa.ChunkedArray, *, shape: tuple[int, int]) -> Self:
        """Read what `vector_column` gave, without copying it. Raises: ValueError (of another shape)."""
        texts, width = shape
        shards = tuple(
            chunk.flatten().to_numpy(zero_copy_only=True).reshape(len(chunk), texts * width) for chunk in column.chunks
        )
        return cls(shards=shards, place_N=np.arange(len(column)), shape=shape)

    def __len__(self) -> int:
        return len(self.place_N)

    def of(self, kept_N: npt.NDArray[np.bool_]) -> Self:
        return replace(self, place_N=self.place_N[kept_N])

    def rows(self, numbers_B: Indices) -> Floats:
        """Return the vectors of some rows in fp32, (B, S, K)."""
        starts = np.cumsum([0, *(len(shard) for shard in self.shards)])
        place_B = self.place_N[numbers_B]
        shard_B = np.searchsorted(starts, place_B, side="right") - 1
        found = np.empty((len(place_B), self.shape[0] * self.shape[1]), dtype=np.float32)
        for shard in np.unique(shard_B):
            of_shard_B = shard_B == shard
            found[of_shard_B] = self.shards[shard][place_B[of_shard_B] - starts[shard]]
        return found.reshape(-1, *self.shape)

    def mean(self) -> Floats:
        """Return the mean vector (K,) over all rows and texts."""
        total = np.zeros(self.shape[1])
        for start in range(0, len(self), ROWS_PER_BLOCK):
            block = self.rows(np.arange(start, min(start + ROWS_PER_BLOCK, len(self))))
            total += block.sum(axis=(0, 1), dtype=np.float64)
        return (total / max(1, len(self) * self.shape[0])).astype(np.float32)
