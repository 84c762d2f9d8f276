"""Content hashes: what makes two rows the same example, and which rows must share a split."""

import hashlib
import json
from collections.abc import Iterable, Mapping

from tables.signs import comparable


def digest(*parts: object) -> str:
    """SHA-256 over JSON, so that no two lists of parts run together."""
    return hashlib.sha256(json.dumps(parts, ensure_ascii=False, default=str).encode()).hexdigest()


def content_hash(fields: Mapping[str, str]) -> str:
    """Equal for input that looks the same; the label is not part of it."""
    return digest(sorted((key, comparable(text)) for key, text in fields.items()))


def group_hash(fields: Mapping[str, str]) -> str:
    """Equal for rows alike but for case and white space, which must not straddle a split."""
    return digest(sorted((key, " ".join(comparable(text).casefold().split())) for key, text in fields.items()))


def fraction(*parts: object) -> float:
    """A number in [0, 1) that the parts decide, evenly spread."""
    return int(digest(*parts)[:13], 16) / 16**13


def rank(*, seed: int, content: str) -> str:
    """A seeded random order: sort by it, and the first n nest in the first n + 1."""
    return digest("rank", seed, content)[:16]


def list_hash(rows: Iterable[tuple[object, ...]]) -> str:
    """Hash a list of rows in its order."""
    return digest(list(rows))
