"""Running a model over rows, batch by batch."""

from __future__ import annotations

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
    """Hand all rows, in batches of similar length, to `score`; the model is left in evaluation mode.

    Parameters
    ----------
    stop
        checked between batches.
    on_rows
        called with the number of rows of each batch done.
    score
        called with a batch's inputs and its row numbers (B,), in inference mode.

    Raises
    ------
    StopRequested: asked to stop.
    MemoryTooSmall: one row at a time does not fit; batches that do not are cut in two.
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
