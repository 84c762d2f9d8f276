"""How much of the machine is used: floating-point work per second beside a large matrix product on the same thread."""

import time
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

Indices = npt.NDArray[np.int64]

# Twice this to the third is the work of one product.
SIZE = 1_536
NUM_PRODUCTS = 6


def machine_flops() -> float:
    """Floating-point operations per CPU second of a large fp32 matrix product."""
    one, other = torch.randn(SIZE, SIZE), torch.randn(SIZE, SIZE)
    one @ other
    started = time.process_time()
    for _ in range(NUM_PRODUCTS):
        one @ other
    return NUM_PRODUCTS * 2 * SIZE**3 / (time.process_time() - started)


@dataclass(frozen=True)
class Work:
    """What an engine computes: operations, and tokens computed for each that is read, by it and by the libraries."""

    flops: float
    padding: float
    padding_of_theirs: float


def work_of(config: Any, lengths: Indices, batches: list[Indices], *, size_of_theirs: int, passes: int) -> Work:
    """Add up batches of ours, and of the libraries, which cut the rows in their order into batches of one size."""
    theirs = np.array_split(np.arange(len(lengths)), range(size_of_theirs, len(lengths), size_of_theirs))
    ours, others = ([(len(one), int(lengths[one].max())) for one in cut] for cut in (batches, theirs))
    read = int(lengths.sum())
    return Work(
        flops=passes * _encoder_flops(config, ours),
        padding=sum(rows * longest for rows, longest in ours) / read,
        padding_of_theirs=sum(rows * longest for rows, longest in others) / read,
    )


def _encoder_flops(config: Any, shapes: list[tuple[int, int]]) -> float:
    """Floating-point operations of one pass over batches of (rows, longest): matrix products, padding included."""
    width, inner = config.hidden_size, config.intermediate_size
    per_token = 2 * (4 * width**2 + 2 * width * inner)
    per_layer = sum(rows * longest * (per_token + 4 * longest * width) for rows, longest in shapes)
    return float(config.num_hidden_layers * per_layer)
