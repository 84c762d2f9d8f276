"""Which rows form a batch, and how they become tensors."""

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from training.data.encoded import FROZEN_STATES, EncodedRows

Indices = npt.NDArray[np.int64]

# Rows are sorted by length within pools of this many batches: enough for little padding, little enough for chance.
BATCHES_PER_POOL = 50
ROWS_PER_SCORING_BATCH = 256


def epoch_batches(*, lengths: Indices, batch_size: int, seed: int, epoch: int) -> list[Indices]:
    """Shuffle the rows of one epoch into batches of similar length, by seed and epoch alone; each row is in one."""
    rng = np.random.default_rng([seed, epoch])
    order = rng.permutation(len(lengths))
    pool_size = batch_size * BATCHES_PER_POOL
    batches: list[Indices] = []
    for start in range(0, len(order), pool_size):
        pool = order[start : start + pool_size]
        pool = pool[np.argsort(lengths[pool], kind="stable")]
        batches.extend(pool[i : i + batch_size] for i in range(0, len(pool), batch_size))
    return [batches[i] for i in rng.permutation(len(batches))]


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
    picked = [rows.inputs[index] for index in indices]
    batch: dict[str, Tensor] = {}
    for name in picked[0]:
        longest = max(len(encoded[name]) for encoded in picked)
        padded = torch.full((len(picked), longest), rows.pad_values.get(name, 0), dtype=torch.int64)
        for row, encoded in enumerate(picked):
            padded[row, : len(encoded[name])] = torch.tensor(encoded[name], dtype=torch.int64)
        batch[name] = padded.to(device)
    if rows.frozen is not None:
        batch[FROZEN_STATES] = rows.frozen.padded(indices).to(device)
    return batch
