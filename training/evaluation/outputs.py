"""A model's outputs for rows, batch by batch; those of a text-to-text model are made from the answers it generates.

Shapes: N rows, U units of their task type, C outputs per unit.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from training.answers import Rows
from training.compute import Compute, halve_batch
from training.data import UNSEEN, EncodedRows, Indices, ModelOutputs, TokenLabels, collate, scoring_batches
from training.evaluation.marking import PlaceScores, joined_windows, marked_answers
from training.learners import TaskLearner, learner_of
from training.losses import IGNORED, cross_entropy_sum
from training.models import TARGETS, AnswerMarker, GeneratedTokens, OnnxModel, TextToText, packed_linears
from training.runtime import StopFlag
from training.tasks import TOKEN

# How far a distribution for one generated answer stays from certainty, and from a toss-up.
MARGIN = 0.001
# Of one row: tokens, log-probabilities, top_ids, top_log_probs and tails; see GeneratedTokens.
_RowParts = tuple[npt.NDArray[np.generic], ...]


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
    num_tokens = int(rows.lengths.sum())
    with (
        packed_linears(model=model, compute=compute, num_tokens=num_tokens),
        torch.inference_mode(),
        compute.autocast(),
    ):
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
    found: list[npt.NDArray[np.float32]] = []

    def score(inputs: dict[str, Tensor], indices: Indices) -> None:
        logits = model(inputs).float().cpu().numpy()
        if not found:
            found.append(np.full((len(rows.units.seen_U), logits.shape[1]), UNSEEN, dtype=np.float32))
        found[0][rows.units.of(torch.from_numpy(indices)).numpy()] = logits

    score_in_batches(model=model, rows=rows, compute=compute, stop=stop, on_rows=on_rows, score=score)
    return ModelOutputs(values_UC=found[0], bounds=rows.units.bounds())


def predict_places(
    *,
    model: nn.Module,
    rows: EncodedRows,
    compute: Compute,
    stop: StopFlag,
    on_rows: Callable[[int], None] | None = None,
) -> PlaceScores:
    """Score the places of passages, of which `rows` are windows; `on_rows` counts windows.

    Raises: StopRequested, MemoryTooSmall.
    """
    outputs = predict_logits(model=model, rows=rows, compute=compute, stop=stop, on_rows=on_rows)
    return joined_windows(outputs=outputs, rows=rows)


@dataclass(frozen=True, kw_only=True)
class Generation:
    """What a text-to-text model generated for N rows."""

    outputs: ModelOutputs
    tokens: TokenLabels
    answers: list[str | None]
    is_cut_N: npt.NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class Decoding:
    """How answers come of a model: the likeliest tokens, or drawn by a number of 0 to 1 for each place, (N, L).

    `num_top` of the likeliest are kept at each place.
    """

    num_top: int = 0
    draws_NL: npt.NDArray[np.float32] | None = None

    def draws(self, indices: Indices) -> Tensor | None:
        return None if self.draws_NL is None else torch.from_numpy(self.draws_NL[indices])


GREEDY = Decoding()


@dataclass(frozen=True, kw_only=True)
class EncodedSplit:
    """Rows with their token ids."""

    rows: Rows
    encoded: EncodedRows


@dataclass(frozen=True, kw_only=True)
class SplitPredictions:
    """A model's outputs and answers for rows; `num_cut` counts written answers that had no room for their end."""

    outputs: ModelOutputs
    predicted: list[str | None]
    num_cut: int = 0


def predict_answers(
    *,
    model: nn.Module,
    learner: TaskLearner,
    labels: Sequence[str],
    split: EncodedSplit,
    compute: Compute,
    stop: StopFlag,
) -> SplitPredictions:
    """Run a student or teacher over rows and read its answers. Raises: StopRequested, MemoryTooSmall."""
    if learner.task_type.is_written:
        assert isinstance(model, TextToText)
        found = generate_answers(model=model, rows=split.encoded, compute=compute, stop=stop)
        return SplitPredictions(outputs=found.outputs, predicted=found.answers, num_cut=int(found.is_cut_N.sum()))
    if learner.task_type.unit == TOKEN:
        scores = predict_places(model=model, rows=split.encoded, compute=compute, stop=stop)
        assert isinstance(model, AnswerMarker | OnnxModel)
        passages = split.rows.columns["passage"]
        marked = marked_answers(scores=scores, passages=passages, answer_length=model.answer_length)
        return SplitPredictions(outputs=ModelOutputs.one_per_row(marked.log_probs_N1), predicted=marked.answers)
    outputs = predict_logits(model=model, rows=split.encoded, compute=compute, stop=stop)
    predicted = learner.decode(outputs=outputs, rows=split.rows, labels=labels)
    return SplitPredictions(outputs=outputs, predicted=predicted)


def token_probability(*, model: TextToText, taught: EncodedRows, compute: Compute, stop: StopFlag) -> float:
    """Return the geometric mean of the probabilities that a model gives each token of known answers, 0 to 1.

    It takes one pass over each row, where writing the answers takes one per token. Raises: StopRequested.
    """
    total, targets = 0.0, torch.from_numpy(taught.inputs[TARGETS].values.astype(np.int64))

    def add(inputs: dict[str, Tensor], indices: Indices) -> None:
        nonlocal total
        logits_UV, gold_U = model(inputs), targets[taught.units.of(torch.from_numpy(indices))]
        total -= float(cross_entropy_sum(logits_BC=logits_UV, target_B=gold_U.to(logits_UV.device)))

    score_in_batches(model=model, rows=taught, compute=compute, stop=stop, on_rows=None, score=add)
    return math.exp(total / max(1, len(targets)))


def generate_answers(
    *,
    model: TextToText,
    rows: EncodedRows,
    compute: Compute,
    stop: StopFlag,
    on_rows: Callable[[int], None] | None = None,
    decoding: Decoding = GREEDY,
) -> Generation:
    """Let a model generate its answers to N rows.

    Where each row has one of a few labels, the outputs are how likely the model is to generate each; of written answers
    they are the mean log-probability of their tokens. Else they are made from the generated answer: each part of it is
    as probable as the whole. Where that is no answer, they are NaN.
    """
    parts: dict[int, _RowParts] = {}
    label_log_probs: dict[int, Tensor] = {}

    def generate(inputs: dict[str, Tensor], indices: Indices) -> None:
        hidden = model.read(inputs)
        generated = model.generate(hidden, inputs, num_top=decoding.num_top, draws_BL=decoding.draws(indices))
        parts.update(_by_row(generated, indices))
        if model.codec.scores_labels:
            log_probs = model.label_log_probs(hidden, inputs).float().cpu()
            label_log_probs.update(zip(indices.tolist(), log_probs, strict=True))

    score_in_batches(model=model, rows=rows, compute=compute, stop=stop, on_rows=on_rows, score=generate)
    tokens = _token_labels([parts[row] for row in range(len(rows))])
    answers = [
        model.codec.read(tokens=ids, text=text)
        for ids, text in zip(tokens.answers(), rows.columns[model.codec.task_type.input_fields[0]], strict=True)
    ]
    if model.codec.task_type.is_written:
        means_N = torch.tensor([float(parts[row][1].mean()) for row in range(len(rows))])
        values = means_N.masked_fill(torch.tensor([answer is None for answer in answers]), torch.nan).unsqueeze(1)
    elif label_log_probs:
        values = torch.stack([label_log_probs[row] for row in range(len(rows))])
        values[[answer is None for answer in answers]] = torch.nan
    else:
        probability_N = np.exp([parts[row][1].sum() for row in range(len(rows))])
        values = _values_of_answers(model, rows, answers, torch.from_numpy(probability_N).float())
    outputs = ModelOutputs(values_UC=values.float().numpy(), bounds=rows.units.bounds())
    is_cut_N = np.array([model.codec.is_cut(ids) for ids in tokens.answers()], dtype=np.bool_)
    return Generation(outputs=outputs, tokens=tokens, answers=answers, is_cut_N=is_cut_N)


def _by_row(generated: GeneratedTokens, indices: Indices) -> dict[int, _RowParts]:
    tensors = (generated.tokens, generated.log_probs, generated.top_ids, generated.top_log_probs, generated.tails)
    parts = [tensor.cpu().numpy() for tensor in tensors]
    counts = (parts[0] != IGNORED).sum(axis=1)
    return {
        int(row): tuple(part[place, : counts[place]] for part in parts) for place, row in enumerate(indices.tolist())
    }


def _token_labels(parts: Sequence[_RowParts]) -> TokenLabels:
    return TokenLabels(
        bounds=np.concatenate([[0], np.cumsum([len(row[0]) for row in parts], dtype=np.int64)]),
        answer_ids=np.concatenate([row[0] for row in parts]).astype(np.int32),
        top_ids=np.concatenate([row[2] for row in parts]).astype(np.int32),
        top_log_probs=np.concatenate([row[3] for row in parts]).astype(np.float32),
        tails=np.concatenate([row[4] for row in parts]).astype(np.float32),
    )


def _values_of_answers(
    model: TextToText, rows: EncodedRows, answers: list[str | None], probability_N: Tensor
) -> Tensor:
    task_type, labels, units = model.codec.task_type, model.codec.labels, rows.units
    answered = Rows(uids=[""] * len(rows), columns=rows.columns, gold=answers)
    values = outputs_for_answers(
        target=learner_of(task_type).targets(rows=answered, units=units, labels=labels),
        probability_U=torch.repeat_interleave(probability_N, units.count_N),
        num_outputs=len(task_type.output_names(labels)),
    )
    values[~units.seen_U] = UNSEEN
    return values


def outputs_for_answers(*, target: Tensor, probability_U: Tensor, num_outputs: int) -> Tensor:
    """Make outputs (U, C), log-probabilities or log-odds, of which given decisions are the likeliest.

    `target` is as TaskLearner.targets gives it; where it is IGNORED, nothing was decided and the outputs are NaN.
    """
    num_choices = 2 if target.ndim > 1 else num_outputs
    probability_U1 = probability_U.clamp(1 / num_choices + MARGIN, 1 - MARGIN).unsqueeze(1)
    if target.ndim > 1:
        odds = torch.logit(probability_U1)
        return torch.where(target == 1, odds, -odds).masked_fill(target == IGNORED, torch.nan)
    decided = target.unsqueeze(1) == torch.arange(num_outputs)
    values = torch.where(decided, probability_U1.log(), ((1 - probability_U1) / max(1, num_outputs - 1)).log())
    return values.masked_fill((target == IGNORED).unsqueeze(1), torch.nan)
