"""How an epoch is cut into batches: what padding costs, and which rows meet again in the next epoch."""

from itertools import pairwise

import numpy as np
import numpy.typing as npt

from training.data import epoch_batches

Indices = npt.NDArray[np.int64]

NUM_EPOCHS = 6


def padding_and_meetings(*, lengths: Indices, batch_size: int) -> tuple[float, float]:
    """Return tokens computed for each that is read, and the share of pairs of an epoch that meet in the next."""
    epochs = [epoch_batches(lengths=lengths, batch_size=batch_size, seed=0, epoch=epoch) for epoch in range(NUM_EPOCHS)]
    computed = [sum(len(batch) * int(lengths[batch].max()) for batch in batches) for batches in epochs]
    meetings = [_meet_again(one, next_one) for one, next_one in pairwise(epochs)]
    return float(np.mean(computed) / lengths.sum()), float(np.mean(meetings))


def _meet_again(batches: list[Indices], next_batches: list[Indices]) -> float:
    place = np.empty(sum(map(len, batches)), dtype=np.int64)
    for number, batch in enumerate(next_batches):
        place[batch] = number
    again = sum(int((place[batch][:, None] == place[batch]).sum()) - len(batch) for batch in batches)
    return again / max(1, sum(len(batch) * (len(batch) - 1) for batch in batches))
