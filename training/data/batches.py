"""Which rows form a batch, and how they become tensors."""

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from training.data.encoded import FROZEN_STATES, EncodedRows

Indices = npt.NDArray[np.int64]

ROWS_PER_SCORING_BATCH = 256
# Of the logarithm of a row's length: little padding, and many batches that it may come to lie in.
LEAST_SPREAD = 0.03


def epoch_batches(*, lengths: Indices, batch_size: int, seed: int, epoch: int) -> list[Indices]:
    """Shuffle the rows of one epoch into batches of similar length, by seed and epoch alone; each row is in one.

    Batches differ in size by at most one row. Rows are sorted by their length times a random factor, so that in the
    next epoch most of them meet other rows; the fewer the batches, the wider the factor must be for that.
    """
    rng = np.random.default_rng([seed, epoch])
    num_batches = max(1, -(-len(lengths) // batch_size))
    spread = max(LEAST_SPREAD, num_batches**-0.6)
    keys = np.log(np.maximum(lengths, 1)) + rng.uniform(-spread, spread, len(lengths))
    sizes = np.full(num_batches, len(lengths) // num_batches)
    sizes[: len(lengths) % num_batches] += 1
    # Of unequal batches other ones are larger in each epoch.
    batches = np.split(np.argsort(keys, kind="stable"), np.cumsum(rng.permutation(sizes))[:-1])
    return [batches[i] for i in rng.permutation(num_batches)]


def scoring_batches(lengths: Indices, *, num_tokens: int) -> list[Indices]:
    """Cut rows, longest first, into batches of up to `num_tokens`, padding included; a longer row is a batch."""
    order = np.argsort(-lengths, kind="stable")
    batches: list[Indices] = []
    start = 0
    while start < len(order):
        fitting = max(1, num_tokens // int(max(lengths[order[start]], 1)))
        size = min(fitting, ROWS_PER_SCORING_BATCH)
        batches.append(order[start : start + size])
        start += size
    return batches


def collate(*, rows: EncodedRows, indices: Indices, device: torch.device) -> dict[str, Tensor]:
    """Pad the rows of a batch: an int64 tensor (B, longest) per input, and the states behind frozen layers."""
    batch = {
        name: values.padded(indices, fill=rows.pad_values.get(name, 0)).to(device)
        for name, values in rows.inputs.items()
    }
    if rows.frozen is not None:
        batch[FROZEN_STATES] = rows.frozen.padded(indices).to(device)
    return batch
