"""A row of token ids takes bytes for its tokens, and no Python object for each."""

import numpy as np
import pytest
import torch

from training.data import RaggedInts

LISTS = [[101, 7, 102], [], [30_000], [5, 6]]


def test_rows_come_back_padded_in_the_order_asked_for() -> None:
    padded = RaggedInts.of(LISTS).padded(np.array([3, 0, 1]), fill=-1)
    assert padded.tolist() == [[5, 6, -1], [101, 7, 102], [-1, -1, -1]]
    assert padded.dtype == torch.int64


def test_blocks_behind_each_other_are_the_whole() -> None:
    whole, parts = RaggedInts.of(LISTS), RaggedInts.joined([RaggedInts.of(LISTS[:1]), RaggedInts.of(LISTS[1:])])
    np.testing.assert_array_equal(whole.values, parts.values)
    np.testing.assert_array_equal(whole.bounds, parts.bounds)


@pytest.mark.parametrize(("largest", "num_bytes"), [(1, 1), (30_000, 2), (250_000, 4), (2**40, 8)])
def test_numbers_take_no_more_bytes_than_they_need(largest: int, num_bytes: int) -> None:
    ragged = RaggedInts.of([[0, largest]])
    assert ragged.values.dtype.itemsize == num_bytes
    assert ragged.values.tolist() == [0, largest]


def test_values_that_are_all_alike_are_kept_once() -> None:
    mask = RaggedInts.joined([RaggedInts.of([[1, 1]]), RaggedInts.of([[1], [1, 1, 1]])])
    assert mask.values.strides == (0,)
    assert mask.padded(np.array([1, 0]), fill=0).tolist() == [[1, 0], [1, 1]]
