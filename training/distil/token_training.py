"""How a text-to-text student learns: from tokens of a teacher with its tokenizer, or from class probabilities."""

import numpy as np
import torch

from training.answers import Rows
from training.contract import MAX_SCORED_LABELS
from training.data import EncodedRows, RaggedInts, TokenLabels, TopOutputs
from training.distil.soft_labels import SoftLabels
from training.learners import encode_rows, with_target_tokens
from training.losses import IGNORED
from training.models import AnswerCodec, tokenizer_hash
from training.runtime import PermanentFailure
from training.spec import TrainingSettings
from training.train import TokenLoss


class NoCommonOutputs(PermanentFailure):
    """A text-to-text student and a soft-label set have neither tokens nor classes in common."""


def shares_tokens(*, codec: AnswerCodec | None, soft: SoftLabels) -> bool:
    """Say whether a student learns token by token, having its teacher's tokenizer. Raises: NoCommonOutputs."""
    if codec is None:
        return False
    same_tokens = soft.tokenizer_hash == tokenizer_hash(codec.tokenizer)
    if soft.tokens is not None and same_tokens and soft.tokens.top_ids.max(initial=0) < codec.vocab_size:
        return True
    if not codec.scores_labels:
        what = "an encoder" if soft.tokens is None else "a teacher with another tokenizer"
        raise NoCommonOutputs(
            f"data.soft_labels: they are of {what}. A text-to-text student can learn from them only where each text "
            f"has one of at most {MAX_SCORED_LABELS} labels. Take an encoder as student, or score with a text-to-text "
            "teacher that has the student's tokenizer."
        )
    return False


def token_objective(
    *, soft: SoftLabels, gold: Rows | None, codec: AnswerCodec, settings: TrainingSettings
) -> tuple[EncodedRows, TokenLoss]:
    """Encode a teacher's answers, then gold ones, and make the loss over their tokens, on the CPU.

    A text with both is there twice, as two different texts. A teacher's text that is no answer teaches nothing.
    """
    tokens = soft.tokens
    assert tokens is not None
    parts = [(soft.rows, RaggedInts(values=tokens.answer_ids, bounds=tokens.bounds))]
    if gold is not None:
        texts = gold.columns[codec.task_type.input_fields[0]]
        parts.append((gold, RaggedInts.of(codec.tokens(answers=gold.labelled(), texts=texts))))
    rows = Rows(
        uids=[uid for part, _ in parts for uid in part.uids],
        columns={name: [text for part, _ in parts for text in part.columns[name]] for name in soft.rows.columns},
        gold=None,
    )
    encoded = encode_rows(
        rows=rows,
        task_type=codec.task_type,
        tokenizer=codec.tokenizer,
        max_length=settings.max_length,
        frame=codec.frame,
    )
    encoded_answers = with_target_tokens(encoded=encoded, answers=RaggedInts.joined([answers for _, answers in parts]))
    return encoded_answers, _loss(encoded_answers, tokens, _is_answered(soft, tokens), settings)


def _is_answered(soft: SoftLabels, tokens: TokenLabels) -> torch.Tensor:
    outputs = soft.outputs
    if isinstance(outputs, TopOutputs):
        answered_N = outputs.answered_N
    else:
        # A row without a unit has nothing that could be missing.
        unanswered_U = np.isnan(outputs.values_UC).any(axis=1)
        row_U = np.repeat(np.arange(len(outputs)), np.diff(outputs.bounds))
        answered_N = np.bincount(row_U[unanswered_U], minlength=len(outputs)) == 0
    return torch.from_numpy(np.repeat(answered_N, np.diff(tokens.bounds)))


def _loss(
    encoded_answers: EncodedRows, tokens: TokenLabels, answered_M: torch.Tensor, settings: TrainingSettings
) -> TokenLoss:
    """Fill up the teacher's tensors to all tokens; the gold ones lie behind the teacher's."""
    gold = TokenLoss.of_gold(encoded_answers)
    num_taught, num_all = len(answered_M), len(gold.target_U)
    gold.target_U[:num_taught] = IGNORED
    width = tokens.top_ids.shape[1]
    top_ids_UK = torch.zeros((num_all, width), dtype=torch.int64)
    top_ids_UK[:num_taught] = torch.from_numpy(tokens.top_ids.astype(np.int64))
    teacher_UK = torch.zeros((num_all, width + 1))
    teacher_UK[:num_taught] = tokens.log_probs_at(settings.temperature)
    return TokenLoss(
        units=encoded_answers.units,
        target_U=gold.target_U,
        answered_U=torch.cat([answered_M, torch.zeros(num_all - num_taught, dtype=torch.bool)]),
        top_ids_UK=top_ids_UK,
        teacher_UK=teacher_UK,
        temperature=settings.temperature,
        gold_weight=settings.gold_weight,
    )
