"""Running a model over rows, batch by batch."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from training.compute import Compute, halve_batch
from training.data import EncodedRows, Indices, collate, scoring_batches
from training.runtime import StopFlag


def score_in_batches(
    *,
    model: nn.Module,
    rows: EncodedRows,
    compute: Compute,
    stop: StopFlag,
    on_rows: Callable[[int], None] | None,
    score: Callable[[dict[str, Tensor], Indices], None],
) -> None:
    """Hand all rows, in batches of similar length, to `score`, in inference mode; the model is left in evaluation mode.

    `score` gets a batch's inputs and row numbers, `on_rows` the number of rows of each batch done. Batches that do not
    fit into memory are cut in two. Raises: StopRequested, MemoryTooSmall.
    """
    model.eval()
    with torch.inference_mode(), compute.autocast():
        waiting = scoring_batches(rows.lengths, num_tokens=compute.tokens_per_scoring_batch)[::-1]
        while waiting:
            stop.raise_if_requested()
            indices = waiting.pop()
            try:
                score(collate(rows=rows, indices=indices, device=compute.device), indices)
            except RuntimeError as error:
                waiting += halve_batch(indices, error=error, compute=compute)
                continue
            if on_rows is not None:
                on_rows(len(indices))
