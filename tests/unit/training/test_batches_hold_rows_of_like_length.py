import numpy as np
import numpy.typing as npt
import pytest

from training.data import epoch_batches, scoring_batches

LENGTHS = np.random.default_rng(0).integers(3, 60, 101)


@pytest.mark.parametrize("batch_size", [1, 4, 16, 200])
def test_each_row_stands_once_in_an_epoch(batch_size: int) -> None:
    batches = epoch_batches(lengths=LENGTHS, batch_size=batch_size, seed=1, epoch=2)
    assert sorted(np.concatenate(batches)) == list(range(101))


def test_the_order_hangs_on_seed_and_epoch_alone() -> None:
    def order(seed: int, epoch: int) -> list[int]:
        return list(np.concatenate(epoch_batches(lengths=LENGTHS, batch_size=4, seed=seed, epoch=epoch)))

    assert order(1, 2) == order(1, 2)
    assert order(1, 2) != order(1, 3)
    assert order(1, 2) != order(2, 2)


@pytest.mark.parametrize("batch_size", [4, 16, 60])
def test_no_batch_is_more_than_a_row_smaller_than_another(batch_size: int) -> None:
    sizes = {len(batch) for batch in epoch_batches(lengths=LENGTHS, batch_size=batch_size, seed=0, epoch=0)}
    assert max(sizes) <= batch_size
    assert max(sizes) - min(sizes) <= 1


def test_batches_of_like_length_pad_less_than_chance() -> None:
    batches = epoch_batches(lengths=LENGTHS, batch_size=8, seed=0, epoch=0)
    padded = sum(len(batch) * LENGTHS[batch].max() for batch in batches)
    chance = sum(len(part) * LENGTHS[part].max() for part in np.array_split(np.arange(101), 13))
    assert padded < 0.75 * chance


@pytest.mark.parametrize(("num_rows", "most"), [(40, 0.6), (150, 0.35), (600, 0.25), (1_200, 0.2)])
def test_rows_that_met_in_an_epoch_rarely_meet_in_the_next(num_rows: int, most: float) -> None:
    # As unequal as those of posts.
    drawn = np.exp(np.random.default_rng(1).normal(4, 0.6, num_rows))
    lengths = np.clip(drawn, 3, 128).astype(np.int64)
    first, second = (batch_of_row(lengths, epoch) for epoch in (0, 1))
    same_then, same_now = (one[:, None] == one for one in (first, second))
    assert (same_then & same_now).sum() - num_rows < most * (same_then.sum() - num_rows)


def batch_of_row(lengths: npt.NDArray[np.int64], epoch: int) -> npt.NDArray[np.int64]:
    batches = epoch_batches(lengths=lengths, batch_size=16, seed=0, epoch=epoch)
    found = np.empty(len(lengths), dtype=np.int64)
    for number, batch in enumerate(batches):
        found[batch] = number
    return found


def test_scoring_batches_hold_each_row_once_and_few_tokens() -> None:
    lengths = np.full(5000, 64)
    batches = scoring_batches(lengths, num_tokens=1024)
    assert sorted(np.concatenate(batches)) == list(range(5000))
    assert max(lengths[batch].sum() for batch in batches) <= 1024
