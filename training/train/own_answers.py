"""On-policy distillation: a student writes answers itself and learns how likely its teacher finds each token of them.

Shapes: B rows of a step, L tokens of the longest answer, U tokens of all answers, V of the vocabulary, K of these.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from training.compute import Compute
from training.data import EncodedRows, Indices, Units
from training.evaluation import Decoding, generate_answers, score_in_batches
from training.learners import with_target_tokens
from training.losses import IGNORED, log_probs_with_rest
from training.models import TARGETS, TextToText
from training.runtime import StopFlag
from training.train.loop import StepRows
from training.train.objectives import TokenLoss

# Set apart from what the seed and the step draw elsewhere.
_WHETHER, _WHAT = 2, 3


@dataclass(frozen=True, kw_only=True)
class OwnAnswers:
    """What a share of the steps learns from instead of the teacher's answers: the student's own to the same texts.

    They are drawn from the student as it is at the step, and the loss is that against the teacher's distributions of
    tokens, no gradient going through the drawing (Agarwal et al., "On-Policy Distillation of Language Models", 2024).
    Seed and step alone decide which steps these are and what is drawn. `sources` and `teacher_sources` are the rows of
    the training set, answers left out, as each of the two models reads them; `teacher` loads one that is not trained.
    """

    teacher: Callable[[], TextToText]
    sources: EncodedRows
    teacher_sources: EncodedRows
    share: float
    num_top: int
    temperature: float
    compute: Compute
    stop: StopFlag

    def rows_of(self, *, student: TextToText, seed: int, step: int, rows: Indices) -> StepRows | None:
        """Return what a step learns from in place of these rows (B,), in their order; None where it learns from them.

        Raises: StopRequested, MemoryTooSmall.
        """
        if np.random.default_rng([seed, step, _WHETHER]).random() >= self.share:
            return None
        drawn = np.random.default_rng([seed, step, _WHAT]).random((len(rows), student.codec.max_tokens))
        asked = _some(self.sources, rows)
        decoding = Decoding(draws_NL=drawn.astype(np.float32))
        written = generate_answers(
            model=student, rows=asked, compute=self.compute, stop=self.stop, decoding=decoding
        ).tokens.answers()
        encoded = with_target_tokens(encoded=asked, answers=written)
        read_by_teacher = with_target_tokens(encoded=_some(self.teacher_sources, rows), answers=written)
        return StepRows(rows=encoded, loss=self._loss(encoded, read_by_teacher, num_tokens=student.codec.vocab_size))

    def _loss(self, encoded: EncodedRows, read_by_teacher: EncodedRows, *, num_tokens: int) -> TokenLoss:
        """Ask the teacher for its likeliest tokens at each place, of those that the student knows."""
        num_units = len(encoded.inputs[TARGETS].values)
        teacher = self.teacher()
        num_top = min(self.num_top, num_tokens - 1, teacher.codec.vocab_size - 1)
        top_ids_UK = torch.zeros((num_units, num_top), dtype=torch.int64)
        teacher_UK = torch.zeros((num_units, num_top + 1))

        def score(inputs: dict[str, Tensor], indices: Indices) -> None:
            logits_UV = teacher(inputs).float() / self.temperature
            top_ids = logits_UV[:, :num_tokens].topk(num_top, dim=-1).indices
            unit = read_by_teacher.units.of(torch.from_numpy(indices))
            top_ids_UK[unit] = top_ids.cpu()
            teacher_UK[unit] = log_probs_with_rest(logits_UV, top_ids).cpu()

        score_in_batches(
            model=teacher, rows=read_by_teacher, compute=self.compute, stop=self.stop, on_rows=None, score=score
        )
        return TokenLoss(
            units=encoded.units,
            target_U=torch.full((num_units,), IGNORED, dtype=torch.int64),
            answered_U=torch.ones(num_units, dtype=torch.bool),
            top_ids_UK=top_ids_UK,
            teacher_UK=teacher_UK,
            temperature=self.temperature,
        ).on(self.compute.device)


def without_answers(encoded: EncodedRows) -> EncodedRows:
    """Return rows without the answers that a model is taught to write."""
    inputs = {name: values for name, values in encoded.inputs.items() if name != TARGETS}
    lengths = inputs["input_ids"].lengths
    return replace(
        encoded, inputs=inputs, lengths=lengths, units=Units.one_per_row(len(lengths)), columns={}, choices=None
    )


def _some(rows: EncodedRows, indices: Indices) -> EncodedRows:
    """Return some rows, in this order."""
    return EncodedRows(
        inputs={name: values.taken(indices) for name, values in rows.inputs.items()},
        lengths=rows.lengths[indices],
        units=Units.one_per_row(len(indices)),
        pad_values=rows.pad_values,
        # A written answer is read without its text.
        columns={"text": [""] * len(indices), "question": [""] * len(indices)},
    )
