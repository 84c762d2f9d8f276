from pathlib import Path

import numpy as np
import pytest

from training.fewshot import VectorStore
from training.fewshot.store import DIGESTS, VECTORS, text_digest

ROWS = np.arange(12, dtype=np.float32).reshape(3, 4)
DIGEST = [text_digest(text) for text in "abc"]


def read(store: VectorStore, digests: list[bytes] = DIGEST) -> tuple[list[bool], np.ndarray]:  # type: ignore[type-arg]
    into = np.zeros((len(digests), 4), dtype=np.float32)
    return store.read(digests, into=into).tolist(), into


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_what_one_run_keeps_another_reads(tmp_path: Path, dtype: type[np.float16] | type[np.float32]) -> None:
    VectorStore(tmp_path, key="k", dtype=dtype).add(DIGEST, ROWS)
    found, into = read(VectorStore(tmp_path, key="k", dtype=dtype))
    assert found == [True] * 3
    np.testing.assert_array_equal(into, ROWS)


def test_keys_do_not_meet(tmp_path: Path) -> None:
    VectorStore(tmp_path, key="k").add(DIGEST, ROWS)
    assert read(VectorStore(tmp_path, key="other"))[0] == [False] * 3


def test_two_runs_that_keep_the_same_text_do_no_harm(tmp_path: Path) -> None:
    for _ in range(2):
        VectorStore(tmp_path, key="k").add(DIGEST[:2], ROWS[:2])
    found, into = read(VectorStore(tmp_path, key="k"))
    assert found == [True, True, False]
    np.testing.assert_array_equal(into[:2], ROWS[:2])


def test_a_shard_that_is_being_written_is_not_read(tmp_path: Path) -> None:
    store = VectorStore(tmp_path, key="k")
    store.add(DIGEST, ROWS)
    next(store.folder.glob(f"*{DIGESTS}")).unlink()
    assert read(store)[0] == [False] * 3


@pytest.mark.parametrize("end", [DIGESTS, VECTORS])
def test_a_damaged_shard_counts_as_not_there(tmp_path: Path, end: str) -> None:
    store = VectorStore(tmp_path, key="k")
    store.add(DIGEST, ROWS)
    path = next(store.folder.glob(f"*{end}"))
    path.write_bytes(path.read_bytes()[:20])
    store.add(DIGEST[:1], ROWS[:1])
    assert read(store)[0] == [True, False, False]
