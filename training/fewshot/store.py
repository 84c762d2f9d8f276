"""Vectors of texts on disk, by content: each text's is computed once per checkpoint, whichever run comes first.

Those of a key (see FrozenEncoder.key) are shards. A shard is two files: the vectors (`NAME.vectors.npy`, memory-mapped
by readers) and, written after them, a digest of each text and one of its vector (`NAME.digests.npy`). A shard with a
vector that is not as its digest says is removed, and its texts are computed again. Two runs that compute a text at once
both keep it, which costs space alone.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Sequence
from functools import cached_property, partial
from pathlib import Path

import numpy as np
import numpy.typing as npt

from training.fewshot.features import Vectors
from training.runtime import RunCache

TEXT_BYTES, VECTOR_BYTES = 16, 8
DIGESTS, VECTORS = ".digests.npy", ".vectors.npy"
_ENTRY = np.dtype([("text", f"S{TEXT_BYTES}"), ("vector", f"S{VECTOR_BYTES}")])


def text_digest(text: str) -> bytes:
    """Return the digest that a text is kept by, of TEXT_BYTES."""
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=TEXT_BYTES).digest()


class VectorStore:
    """The vectors of one key in a cache, in fp32, so that what is read equals what was computed.

    It knows the shards that are there when it is read first.
    """

    def __init__(self, cache: RunCache, *, key: str) -> None:
        self.cache = cache
        self.name = f"vectors/{key}"

    @property
    def folder(self) -> Path:
        return self.cache.folder / self.name

    def read(self, digests: Sequence[bytes], *, into: Vectors) -> npt.NDArray[np.bool_]:
        """Fill the rows of `into` (N, H) whose text is known; returns which ones are (N,)."""
        found_N = np.zeros(len(digests), dtype=np.bool_)
        entries_T, shard_T, place_T = self._index
        if not len(entries_T) or not digests:
            return found_N
        wanted_N = np.frombuffer(b"".join(digests), dtype=entries_T["text"].dtype)
        entry_N = np.searchsorted(entries_T["text"], wanted_N).clip(max=len(entries_T) - 1)
        is_kept_N = entries_T["text"][entry_N] == wanted_N
        for shard in np.unique(shard_T[entry_N[is_kept_N]]):
            rows = np.flatnonzero(is_kept_N & (shard_T[entry_N] == shard))
            paths = _files(self._paths[shard])
            vectors_RH = _vectors(paths[1], place_T[entry_N[rows]], width=into.shape[1])
            if vectors_RH is None or (_vector_digests(vectors_RH) != entries_T["vector"][entry_N[rows]]).any():
                self.cache.remove(*paths)
                continue
            into[rows], found_N[rows] = vectors_RH, True
            self.cache.used(*paths)
        return found_N

    def add(self, digests: Sequence[bytes], vectors_NH: Vectors) -> None:
        """Keep the vectors of N texts as one shard."""
        if not digests:
            return
        entries = np.empty(len(digests), dtype=_ENTRY)
        entries["text"], entries["vector"] = digests, _vector_digests(vectors_NH)
        name = f"{self.name}/{uuid.uuid4().hex}"
        # Readers look for digests: their vectors are there by then.
        arrays = {f"{name}{VECTORS}": np.ascontiguousarray(vectors_NH, dtype=np.float32), f"{name}{DIGESTS}": entries}
        self.cache.add({path: partial(np.save, arr=array, allow_pickle=False) for path, array in arrays.items()})

    @cached_property
    def _paths(self) -> list[Path]:
        return sorted(self.folder.glob(f"*{DIGESTS}"))

    @cached_property
    def _index(self) -> tuple[npt.NDArray[np.void], npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """What is kept, in the order of the texts' digests, with each one's shard and its place there, (T,) each."""
        shards = [_entries(path) for path in self._paths]
        entries_T = np.concatenate([np.empty(0, dtype=_ENTRY), *shards])
        shard_T = np.repeat(np.arange(len(shards)), [len(one) for one in shards])
        place_T = np.concatenate([np.empty(0, dtype=np.int64), *(np.arange(len(one)) for one in shards)])
        order = np.argsort(entries_T["text"], kind="stable")
        return entries_T[order], shard_T[order], place_T[order]


def _files(path: Path) -> tuple[Path, Path]:
    """Return the two files of the shard that has these digests."""
    return path, path.with_name(f"{path.name.removesuffix(DIGESTS)}{VECTORS}")


def _vectors(path: Path, places: npt.NDArray[np.int64], *, width: int) -> Vectors | None:
    """Return some of a shard's vectors; None where they cannot be read."""
    try:
        vectors = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError):
        return None
    if vectors.dtype != np.float32 or vectors.shape[1:] != (width,) or places.max() >= len(vectors):
        return None
    return np.array(vectors[places])


def _entries(path: Path) -> npt.NDArray[np.void]:
    """Return what a shard's digests say; nothing where they cannot be read."""
    try:
        entries = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError):
        return np.empty(0, dtype=_ENTRY)
    return entries if entries.dtype == _ENTRY and entries.ndim == 1 else np.empty(0, dtype=_ENTRY)


def _vector_digests(vectors_NH: Vectors) -> npt.NDArray[np.bytes_]:
    digests = [hashlib.blake2b(vector.tobytes(), digest_size=VECTOR_BYTES).digest() for vector in vectors_NH]
    return np.array(digests, dtype=_ENTRY["vector"])
