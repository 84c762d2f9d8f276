"""What a text-to-text student is taught: token distributions of a teacher that writes alike, or class probabilities."""

from __future__ import annotations

import numpy as np
import torch

from training.answers import Rows
from training.contract import MAX_SCORED_LABELS
from training.data import EncodedRows, TokenLabels
from training.distil.soft_labels import SoftLabels
from training.learners import encode_rows
from training.losses import IGNORED
from training.models import Writer, tokenizer_hash
from training.runtime import PermanentFailure
from training.spec import TrainingSettings
from training.train import TokenLoss, taught_rows


class NothingInCommon(PermanentFailure):
    """A text-to-text student and a soft-label set have neither tokens nor classes in common."""


def learns_tokens(*, writer: Writer | None, soft: SoftLabels) -> bool:
    """Say whether a student is distilled token by token.

    Parameters
    ----------
    writer
        of a text-to-text student; None of an encoder, which learns class or tag probabilities.
    soft
        the soft-label set.

    Returns
    -------
    True if teacher and student write with the same tokenizer. Otherwise class probabilities are what they share.

    Raises
    ------
    NothingInCommon: the student writes, there are no tokens for it, and its answers are no single one of a few labels.
    """
    if writer is None:
        return False
    same_tokens = soft.tokenizer_hash == tokenizer_hash(writer.tokenizer)
    if soft.tokens is not None and same_tokens and soft.tokens.top_ids.max(initial=0) < writer.vocab_size:
        return True
    if not writer.scores_labels:
        what = "an encoder" if soft.tokens is None else "a teacher with another tokenizer"
        raise NothingInCommon(
            f"data.soft_labels: they are of {what}. A text-to-text student can learn from them only where each text "
            f"has one of at most {MAX_SCORED_LABELS} labels. Take an encoder as student, or score with a text-to-text "
            "teacher that has the student's tokenizer."
        )
    return False


def token_lesson(
    *, soft: SoftLabels, gold: Rows | None, writer: Writer, settings: TrainingSettings
) -> tuple[EncodedRows, TokenLoss]:
    """Encode what a teacher wrote, and gold answers after it, and lay out the loss over their tokens.

    A text that has both is there twice, since the two answers are different texts. What the teacher wrote that is no
    answer teaches nothing.

    Parameters
    ----------
    soft
        N rows with token distributions.
    gold
        rows with a gold answer each; None for none.
    writer
        of the student.
    settings
        temperature, gold weight and input length.

    Returns
    -------
    The rows as the student is trained on them, and the loss on the CPU.
    """
    tokens = soft.tokens
    assert tokens is not None
    parts = [(soft.rows, tokens.answers())]
    if gold is not None:
        texts = gold.columns[writer.task_type.input_fields[0]]
        parts.append((gold, writer.tokens(answers=gold.labelled(), texts=texts)))
    rows = Rows(
        uids=[uid for part, _ in parts for uid in part.uids],
        columns={name: [text for part, _ in parts for text in part.columns[name]] for name in soft.rows.columns},
        gold=None,
    )
    encoded = encode_rows(
        rows=rows, task_type=writer.task_type, tokenizer=writer.tokenizer, max_length=settings.max_length
    )
    taught = taught_rows(encoded=encoded, answers=[answer for _, answers in parts for answer in answers])
    return taught, _loss(taught, tokens, _told_of(soft, tokens), settings)


def _told_of(soft: SoftLabels, tokens: TokenLabels) -> torch.Tensor:
    told_N = [not np.isnan(soft.outputs.row(row)).any() for row in range(len(soft.rows))]
    return torch.from_numpy(np.repeat(told_N, np.diff(tokens.bounds)))


def _loss(taught: EncodedRows, tokens: TokenLabels, told_M: torch.Tensor, settings: TrainingSettings) -> TokenLoss:
    """Fill up the teacher's tensors to all tokens; the gold ones lie behind the teacher's."""
    gold = TokenLoss.of_gold(taught)
    num_told, num_all = len(told_M), len(gold.target_U)
    gold.target_U[:num_told] = IGNORED
    width = tokens.top_ids.shape[1]
    top_ids_UK = torch.zeros((num_all, width), dtype=torch.int64)
    top_ids_UK[:num_told] = torch.from_numpy(tokens.top_ids.astype(np.int64))
    teacher_UK = torch.zeros((num_all, width + 1))
    teacher_UK[:num_told] = torch.from_numpy(tokens.top_log_probs)
    return TokenLoss(
        units=taught.units,
        target_U=gold.target_U,
        answered_U=torch.cat([told_M, torch.zeros(num_all - num_told, dtype=torch.bool)]),
        top_ids_UK=top_ids_UK,
        teacher_UK=teacher_UK,
        temperature=settings.temperature,
        gold_weight=settings.gold_weight,
    )
