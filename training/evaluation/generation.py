"""Rows for a text-to-text model: what it is taught of them, and what it wrote about them.

Shapes: N rows, U units of their task type, C outputs per unit.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from training.answers import Rows
from training.compute import Compute, halves_of
from training.data import UNSEEN, EncodedRows, Indices, Outputs, TokenLabels, collate, scoring_batches
from training.learners import learner_of
from training.losses import IGNORED
from training.models import TextToText, Written
from training.runtime import StopFlag

# How far a distribution for one written answer stays from what is certain, and from what is a toss-up.
MARGIN = 0.001


@dataclass(frozen=True, kw_only=True)
class Said:
    """What a text-to-text model said about N rows, as outputs of their task type and as tokens."""

    outputs: Outputs
    tokens: TokenLabels


def write_answers(
    *,
    model: TextToText,
    rows: EncodedRows,
    compute: Compute,
    stop: StopFlag,
    on_rows: Callable[[int], None] | None = None,
    num_top: int = 0,
) -> Said:
    """Let a model write its answers to rows, in batches of similar length.

    Where each row has one of a few labels, the outputs are how likely the model is to write each. Else they are
    laid around the answer that it wrote: each part of it is as probable as the whole. Where it wrote no answer, every
    output is no number.

    Parameters
    ----------
    model
        left in evaluation mode.
    rows
        N encoded rows.
    compute
        device and precision.
    stop
        looked at between batches.
    on_rows
        told the number of rows of each batch done.
    num_top
        how many of the likeliest tokens to keep at each place.

    Returns
    -------
    Outputs, UNSEEN for units that the model does not see, and tokens, in the order of the rows.

    Raises
    ------
    StopRequested: asked to stop.
    MemoryTooSmall: one row at a time does not fit; batches that do not are cut in two.
    """
    model.eval()
    said: dict[int, tuple[npt.NDArray[np.generic], ...]] = {}
    scores: dict[int, Tensor] = {}
    with torch.inference_mode(), compute.autocast():
        waiting = scoring_batches(rows.lengths, num_tokens=compute.tokens_per_scoring_batch)[::-1]
        while waiting:
            stop.raise_if_requested()
            indices = waiting.pop()
            inputs = collate(rows=rows, indices=indices, device=compute.device)
            try:
                hidden = model.read(inputs)
                said.update(_by_row(model.write(hidden, inputs, num_top=num_top), indices))
                if model.writer.scores_labels:
                    log_probs = model.label_log_probs(hidden, inputs).float().cpu()
                    scores.update(zip(indices.tolist(), log_probs, strict=True))
            except RuntimeError as error:
                waiting += halves_of(indices, error=error, compute=compute)
                continue
            if on_rows is not None:
                on_rows(len(indices))
    tokens = _token_labels([said[row] for row in range(len(rows))])
    sure_N = np.array([said[row][1].sum() for row in range(len(rows))])
    return Said(outputs=_outputs(model, rows, tokens.answers(), scores, np.exp(sure_N)), tokens=tokens)


def _by_row(written: Written, indices: Indices) -> dict[int, tuple[npt.NDArray[np.generic], ...]]:
    parts = [part.cpu().numpy() for part in (written.tokens, written.log_probs, written.top_ids, written.top_log_probs)]
    counts = (parts[0] != IGNORED).sum(axis=1)
    return {
        int(row): tuple(part[place, : counts[place]] for part in parts) for place, row in enumerate(indices.tolist())
    }


def _token_labels(said: Sequence[tuple[npt.NDArray[np.generic], ...]]) -> TokenLabels:
    return TokenLabels(
        bounds=np.concatenate([[0], np.cumsum([len(row[0]) for row in said], dtype=np.int64)]),
        answer_ids=np.concatenate([row[0] for row in said]).astype(np.int32),
        top_ids=np.concatenate([row[2] for row in said]).astype(np.int32),
        top_log_probs=np.concatenate([row[3] for row in said]).astype(np.float32),
    )


def _outputs(
    model: TextToText,
    rows: EncodedRows,
    tokens: Sequence[Sequence[int]],
    scores: dict[int, Tensor],
    sure_N: npt.NDArray[np.float64],
) -> Outputs:
    writer, task_type = model.writer, model.writer.task_type
    texts = rows.columns[task_type.input_fields[0]]
    answers = [writer.read(tokens=ids, text=text) for ids, text in zip(tokens, texts, strict=True)]
    if scores:
        values = torch.stack([scores[row] for row in range(len(rows))])
        values[[answer is None for answer in answers]] = torch.nan
    else:
        units = rows.units
        named = Rows(uids=[""] * len(rows), columns=rows.columns, gold=answers)
        sure_U = torch.repeat_interleave(torch.from_numpy(sure_N).float(), units.count_N)
        target = learner_of(task_type).targets(rows=named, units=units, labels=writer.labels)
        values = around(target=target, sure_U=sure_U, num_outputs=len(task_type.output_names(writer.labels)))
        values[~units.seen_U] = UNSEEN
    return Outputs(values_UC=values.float().numpy(), bounds=rows.units.bounds())


def around(*, target: Tensor, sure_U: Tensor, num_outputs: int) -> Tensor:
    """Lay outputs around decisions, so that these are the likeliest.

    Parameters
    ----------
    target
        int64 (U,), one of C outputs; or float (U, C), 1 where a label applies. IGNORED where nothing was decided.
    sure_U
        how probable each decision is, 0 to 1.
    num_outputs
        C.

    Returns
    -------
    (U, C): log-probabilities, or log-odds where labels do not exclude each other; no number where nothing was decided.
    """
    chances = 2 if target.ndim > 1 else num_outputs
    sure_U1 = sure_U.clamp(1 / chances + MARGIN, 1 - MARGIN).unsqueeze(1)
    if target.ndim > 1:
        odds = torch.logit(sure_U1)
        return torch.where(target == 1, odds, -odds).masked_fill(target == IGNORED, torch.nan)
    decided = target.unsqueeze(1) == torch.arange(num_outputs)
    values = torch.where(decided, sure_U1.log(), ((1 - sure_U1) / max(1, num_outputs - 1)).log())
    return values.masked_fill((target == IGNORED).unsqueeze(1), torch.nan)
