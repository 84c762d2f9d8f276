import numpy as np
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


def test_bucketing_pads_less_than_chance() -> None:
    batches = epoch_batches(lengths=LENGTHS, batch_size=8, seed=0, epoch=0)
    padded = sum(len(batch) * LENGTHS[batch].max() for batch in batches)
    chance = sum(len(part) * LENGTHS[part].max() for part in np.array_split(np.arange(101), 13))
    assert padded < 0.75 * chance


def test_scoring_batches_hold_each_row_once_and_few_tokens() -> None:
    lengths = np.full(5000, 64)
    batches = scoring_batches(lengths, num_tokens=1024)
    assert sorted(np.concatenate(batches)) == list(range(5000))
    assert max(lengths[batch].sum() for batch in batches) <= 1024
