"""A model's outputs for rows."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from training.compute import Compute
from training.data import UNSEEN, EncodedRows, Indices, ModelOutputs
from training.evaluation.batching import score_in_batches
from training.evaluation.generation import generate_answers
from training.models import TextToText
from training.runtime import StopFlag


def predict_logits(
    *,
    model: nn.Module,
    rows: EncodedRows,
    compute: Compute,
    stop: StopFlag,
    on_rows: Callable[[int], None] | None = None,
) -> ModelOutputs:
    """Run a student or teacher over N rows; outputs are UNSEEN for units that it does not see.

    Those of a text-to-text model are made from its answers. Raises: StopRequested, MemoryTooSmall.
    """
    if isinstance(model, TextToText):
        return generate_answers(model=model, rows=rows, compute=compute, stop=stop, on_rows=on_rows).outputs
    blocks: list[tuple[Tensor, Tensor]] = []

    def score(inputs: dict[str, Tensor], indices: Indices) -> None:
        blocks.append((rows.units.of(torch.from_numpy(indices)), model(inputs).float().cpu()))

    score_in_batches(model=model, rows=rows, compute=compute, stop=stop, on_rows=on_rows, score=score)
    values_UC = torch.full((len(rows.units.seen_U), blocks[0][1].shape[1]), UNSEEN)
    for units, logits in blocks:
        values_UC[units] = logits
    return ModelOutputs(values_UC=values_UC.numpy(), bounds=rows.units.bounds())
