"""Vectors of texts on disk, by content: each text's is computed once per checkpoint, whichever run comes first.

A store is a folder per key (see FrozenEncoder.key) of shards that are never changed. A shard is two files: the vectors
(`NAME.vectors.npy`, memory-mapped by readers) and, written after them, the digests of their texts
(`NAME.digests.npy`). Both appear whole, and no reader looks for vectors whose digests are not there, so that any
number of runs may read and write at once. Two that compute a text at once both keep it, which costs space alone.
"""

from __future__ import annotations

import hashlib
import os
import uuid
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from training.fewshot.features import Vectors
from training.runtime import removed_on_failure

DIGEST_BYTES = 16
DIGESTS, VECTORS = ".digests.npy", ".vectors.npy"


def text_digest(text: str) -> bytes:
    """Return the digest that a text is kept by, of DIGEST_BYTES."""
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=DIGEST_BYTES).digest()


class VectorStore:
    """The vectors of one key; `folder` holds those of all keys.

    In float16, which keeps 3 digits and half of the space, or float32.
    """

    def __init__(self, folder: Path, *, key: str, dtype: type[np.float16] | type[np.float32] = np.float16) -> None:
        self.folder = folder / f"{key}-{np.dtype(dtype).name}"
        self.dtype = dtype

    def read(self, digests: Sequence[bytes], *, into: Vectors) -> npt.NDArray[np.bool_]:
        """Fill the rows of `into` (N, H) whose text is known; returns which ones are (N,).

        A shard that cannot be read counts as not there, so that its texts are computed again.
        """
        rows_of = {digest: row for row, digest in enumerate(digests)}
        found_N = np.zeros(len(digests), dtype=np.bool_)
        for path in sorted(self.folder.glob(f"*{DIGESTS}")):
            try:
                kept = np.load(path, allow_pickle=False)
                vectors = np.load(_vectors_beside(path), mmap_mode="r", allow_pickle=False)
            except (OSError, ValueError, EOFError):
                continue
            if kept.shape[1:] != (DIGEST_BYTES,) or vectors.shape != (len(kept), into.shape[1]):
                continue
            pairs = [(rows_of.get(digest.tobytes()), place) for place, digest in enumerate(kept)]
            known = [(row, place) for row, place in pairs if row is not None and not found_N[row]]
            if known:
                rows, places = np.array(known).T
                into[rows] = vectors[places]
                found_N[rows] = True
            if found_N.all():
                break
        return found_N

    def add(self, digests: Sequence[bytes], vectors_NH: Vectors) -> None:
        """Keep the vectors of N texts as one shard."""
        if not digests:
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / f"{uuid.uuid4().hex}{DIGESTS}"
        _write(_vectors_beside(path), np.ascontiguousarray(vectors_NH, dtype=self.dtype))
        _write(path, np.frombuffer(b"".join(digests), dtype=np.uint8).reshape(-1, DIGEST_BYTES))


def _vectors_beside(path: Path) -> Path:
    return path.with_name(f"{path.name.removesuffix(DIGESTS)}{VECTORS}")


def _write(path: Path, array: npt.NDArray[np.generic]) -> None:
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    with removed_on_failure(temporary):
        with temporary.open("wb") as stream:
            np.save(stream, array, allow_pickle=False)
        temporary.replace(path)
