"""Rows whose texts are nearly those of another set: MinHash finds candidates, their word pairs decide.

Broder, "On the resemblance and containment of documents", 1997, and the banding of Leskovec, Rajaraman and Ullman,
"Mining of Massive Datasets", 3rd edition, section 3.4. Shapes: N rows, F texts each, T = N x F texts, K hash functions,
S word pairs of all texts one after the other.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from zlib import crc32

import numpy as np
import numpy.typing as npt

from training.answers import has_unspaced, words_of

# Of all pairs of neighbouring words of two texts, the share that both have: one word of twenty may be another.
NEAR = 0.8
NUM_BANDS, ROWS_PER_BAND = 16, 4
# The signatures tell the share to 0.05 or so; what they put far below NEAR is not looked at.
WORTH_A_LOOK = NEAR - 0.12
# Texts from one template are candidates of each other by the thousand: no row looks at more than so many of a band.
MOST_PER_BAND = 2
ROWS_PER_BLOCK = 1024

_WORDS = re.compile(r"\w+")
_START, _END = 0, 1
_MIX = np.uint64(0x9E3779B97F4A7C15)

Hashes = npt.NDArray[np.uint64]
Signatures = npt.NDArray[np.uint32]
Indices = npt.NDArray[np.int64]
# The texts of one row.
Texts = tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class WordPairs:
    """The hashed pairs of neighbouring words of T texts, `bounds` (T + 1,) where each text's begin and end."""

    values_S: Hashes
    bounds: Indices
    num_texts_per_row: int

    @classmethod
    def of(cls, rows: Sequence[Texts]) -> "WordPairs":
        words = [_hashed_words(text) for texts in rows for text in texts]
        bounds = np.concatenate([[0], np.cumsum([len(one) - 1 for one in words], dtype=np.int64)])
        flat = np.fromiter((word for one in words for word in one), dtype=np.uint64)
        is_first_of_pair = np.ones(len(flat), dtype=bool)
        is_first_of_pair[bounds[1:] + np.arange(len(words))] = False
        firsts = np.flatnonzero(is_first_of_pair)
        values_S = ((flat[firsts] << np.uint64(32)) | flat[firsts + 1]) * _MIX
        return cls(values_S=values_S ^ (values_S >> np.uint64(29)), bounds=bounds, num_texts_per_row=len(rows[0]))

    @cached_property
    def signatures_NK(self) -> Signatures:
        """Each row's smallest hash of any of its word pairs, by each hash function."""
        rng = np.random.default_rng(0)
        factors = rng.integers(1, 2**63, size=NUM_BANDS * ROWS_PER_BAND, dtype=np.uint64) * np.uint64(2) + np.uint64(1)
        starts = self.bounds[:-1][:: self.num_texts_per_row]
        smallest = [
            np.minimum.reduceat((self.values_S * factor) >> np.uint64(32), starts).astype(np.uint32)
            for factor in factors
        ]
        return np.stack(smallest, axis=1)

    def bands(self) -> Iterator[Hashes]:
        """Yield one hash per row, (N,), of each band of its signature."""
        for band in np.split(self.signatures_NK.astype(np.uint64), NUM_BANDS, axis=1):
            key_N = np.zeros(len(band), dtype=np.uint64)
            for column in band.T:
                key_N = (key_N ^ column) * _MIX
                key_N ^= key_N >> np.uint64(31)
            yield key_N

    def of_row(self, row: int) -> list[frozenset[int]]:
        """Return the word pairs of each text of a row."""
        first = row * self.num_texts_per_row
        return [
            frozenset(self.values_S[self.bounds[text] : self.bounds[text + 1]].tolist())
            for text in range(first, first + self.num_texts_per_row)
        ]


class NearDuplicates:
    """Finds rows whose texts are nearly those of one of the held rows; two texts may have changed places."""

    def __init__(self, held: Sequence[Texts]) -> None:
        self._held = WordPairs.of(held)
        orders = [np.argsort(key_N, kind="stable") for key_N in self._held.bands()]
        self._bands = [(key_N[order], order) for key_N, order in zip(self._held.bands(), orders, strict=True)]

    def count(self, rows: Sequence[Texts]) -> int:
        """Count the rows that have a near duplicate among the held ones; time is linear in their number."""
        blocks = (rows[start : start + ROWS_PER_BLOCK] for start in range(0, len(rows), ROWS_PER_BLOCK))
        return sum(self._count_block(WordPairs.of(block)) for block in blocks)

    def _count_block(self, pairs: WordPairs) -> int:
        found: set[int] = set()
        seen: set[tuple[int, int]] = set()
        for (keys, order), asked_N in zip(self._bands, pairs.bands(), strict=True):
            for row, held in _candidates(keys, order, asked_N):
                if row in found or (row, held) in seen:
                    continue
                seen.add((row, held))
                alike = pairs.signatures_NK[row] == self._held.signatures_NK[held]
                if alike.mean() >= WORTH_A_LOOK and _are_near(pairs.of_row(row), self._held.of_row(held)):
                    found.add(row)
        return len(found)


def _candidates(keys: Hashes, order: Indices, asked_N: Hashes) -> Iterator[tuple[int, int]]:
    """Yield pairs of an asked row and a held one with the same band, at most MOST_PER_BAND for each asked row."""
    first_N = np.searchsorted(keys, asked_N, side="left")
    for offset in range(MOST_PER_BAND):
        place_N = first_N + offset
        inside = np.flatnonzero(place_N < len(keys))
        same = inside[keys[place_N[inside]] == asked_N[inside]]
        yield from zip(same.tolist(), order[place_N[same]].tolist(), strict=True)


def _are_near(first: Sequence[frozenset[int]], second: Sequence[frozenset[int]]) -> bool:
    """Say whether each text is near its counterpart, in this order or the other."""
    orders = (second, second[::-1])
    return any(all(_share(a, b) >= NEAR for a, b in zip(first, one, strict=True)) for one in orders)


def _share(first: frozenset[int], second: frozenset[int]) -> float:
    return len(first & second) / len(first | second)


def _hashed_words(text: str) -> list[int]:
    """Hash each word, ignoring case and punctuation, between a start and an end."""
    low = text.casefold()
    if low.isascii() or not has_unspaced(low):
        words = _WORDS.findall(low)
    else:
        words = [low[word.start : word.end] for word in words_of(low)]
    return [_START, *(crc32(word.encode()) for word in words), _END]
