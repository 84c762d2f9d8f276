from pathlib import Path

import numpy as np
import pytest

from training.fewshot import VectorStore
from training.fewshot.store import DIGESTS, VECTORS, text_digest
from training.runtime import RunCache

ROWS = np.linspace(0, 1, 12, dtype=np.float32).reshape(3, 4)
DIGEST = [text_digest(text) for text in "abc"]


def store_in(folder: Path, key: str = "k") -> VectorStore:
    return VectorStore(RunCache(folder=folder, most_bytes=1 << 20), key=key)


def read(store: VectorStore, digests: list[bytes] = DIGEST) -> tuple[list[bool], np.ndarray]:  # type: ignore[type-arg]
    into = np.zeros((len(digests), 4), dtype=np.float32)
    return store.read(digests, into=into).tolist(), into


def test_what_one_run_keeps_another_reads_to_the_bit(tmp_path: Path) -> None:
    store_in(tmp_path).add(DIGEST[1:], ROWS[1:])
    store_in(tmp_path).add(DIGEST[:1], ROWS[:1])
    found, into = read(store_in(tmp_path))
    assert found == [True] * 3
    np.testing.assert_array_equal(into, ROWS)


def test_keys_do_not_meet(tmp_path: Path) -> None:
    store_in(tmp_path).add(DIGEST, ROWS)
    assert read(store_in(tmp_path, "other"))[0] == [False] * 3


def test_two_runs_that_keep_the_same_text_do_no_harm(tmp_path: Path) -> None:
    for _ in range(2):
        store_in(tmp_path).add(DIGEST[:2], ROWS[:2])
    found, into = read(store_in(tmp_path))
    assert found == [True, True, False]
    np.testing.assert_array_equal(into[:2], ROWS[:2])


@pytest.mark.parametrize("end", [DIGESTS, VECTORS])
def test_a_shard_of_which_half_is_there_is_not_read(end: str, tmp_path: Path) -> None:
    store = store_in(tmp_path)
    store.add(DIGEST, ROWS)
    next(store.folder.glob(f"*{end}")).unlink()
    assert read(store)[0] == [False] * 3


def cut(content: bytes) -> bytes:
    return content[:20]


def flipped(content: bytes) -> bytes:
    """Change one bit in what is kept last."""
    return content[:-1] + bytes([content[-1] ^ 1])


@pytest.mark.parametrize("damage", [cut, flipped, lambda content: b""])
@pytest.mark.parametrize("end", [DIGESTS, VECTORS])
def test_a_damaged_shard_is_computed_anew(end: str, damage, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    store_in(tmp_path).add(DIGEST, ROWS)
    path = next(store_in(tmp_path).folder.glob(f"*{end}"))
    path.write_bytes(damage(path.read_bytes()))
    assert read(store_in(tmp_path))[0] != [True] * 3
    store_in(tmp_path).add(DIGEST, ROWS)
    found, into = read(store_in(tmp_path))
    assert found == [True] * 3
    np.testing.assert_array_equal(into, ROWS)
