"""How a text-to-text student learns: from tokens of a teacher with its tokenizer, or from class probabilities."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby

import numpy as np
import torch

from training.answers import Rows
from training.contract import MAX_SCORED_LABELS
from training.data import EncodedRows, ModelOutputs, RaggedInts, TokenLabels, TopOutputs
from training.distil.soft_labels import SoftLabels
from training.learners import encode_rows, with_target_tokens
from training.losses import IGNORED
from training.models import AnswerCodec, tokenizer_hash
from training.runtime import PermanentFailure
from training.spec import ANSWERS, TrainingSettings
from training.tasks import WrittenAnswerType
from training.train import TokenLoss


class NoCommonOutputs(PermanentFailure):
    """A text-to-text student and a soft-label set have neither tokens nor classes in common."""


def shares_tokens(*, codec: AnswerCodec | None, soft: SoftLabels) -> bool:
    """Say whether a student learns token by token, having its teacher's tokenizer. Raises: NoCommonOutputs."""
    if codec is None:
        return False
    if _has_same_tokens(codec, soft):
        return True
    if not codec.scores_labels:
        what = "an encoder" if soft.tokens is None else "a teacher with another tokenizer"
        raise NoCommonOutputs(
            f"data.soft_labels: they are of {what}. A text-to-text student can learn from them only where each text "
            f"has one of at most {MAX_SCORED_LABELS} labels. Take an encoder as student, or score with a text-to-text "
            "teacher that has the student's tokenizer."
        )
    return False


def learns_distributions(*, codec: AnswerCodec, soft: SoftLabels, distil_from: str) -> bool:
    """Say whether a student of written answers learns how likely each token was, and not the answers alone."""
    return distil_from != ANSWERS and _has_same_tokens(codec, soft)


def _has_same_tokens(codec: AnswerCodec, soft: SoftLabels) -> bool:
    """Whether a teacher's tokens are there and are the student's, each with a place among its outputs."""
    same_tokens = soft.tokenizer_hash == tokenizer_hash(codec.tokenizer)
    return soft.tokens is not None and same_tokens and bool(soft.tokens.top_ids.max(initial=0) < codec.vocab_size)


def with_answers_alone(soft: SoftLabels, *, codec: AnswerCodec) -> SoftLabels:
    """Return a set whose tokens are those with which the student would write the teacher's answers, and sure of each.

    An answer that was cut has no end here either, so that nobody learns to end there.
    """
    assert soft.written is not None
    ids = codec.written([text or "" for text in soft.written.texts])
    as_cut = [
        one[:-1] if is_cut and not codec.is_cut(one) else one
        for one, is_cut in zip(ids, soft.written.is_cut_N, strict=True)
    ]
    return replace(soft, tokens=TokenLabels.of_answers(RaggedInts.of(as_cut)))


def token_objective(
    *, soft: SoftLabels, gold: Rows | None, codec: AnswerCodec, settings: TrainingSettings
) -> tuple[EncodedRows, TokenLoss]:
    """Encode a teacher's answers, then gold ones, and make the loss over their tokens, on the CPU.

    A text with both is there twice, as two different texts. A teacher's text that is no answer teaches nothing. Of
    several answers to one text each epoch has one.
    """
    tokens = soft.tokens
    assert tokens is not None
    parts = [(soft.rows, RaggedInts(values=tokens.answer_ids, bounds=tokens.bounds))]
    counts = [len(list(same)) for _, same in groupby(soft.rows.uids)]
    if gold is not None:
        repeated, answers, of_gold = _gold_answers(gold, codec)
        parts.append((repeated, answers))
        counts += of_gold
    encoded = sources_of([part for part, _ in parts], codec=codec, max_length=settings.max_length)
    encoded_answers = with_target_tokens(encoded=encoded, answers=RaggedInts.joined([answers for _, answers in parts]))
    if len(counts) < len(encoded_answers):
        encoded_answers = replace(encoded_answers, choices=np.concatenate([[0], np.cumsum(counts, dtype=np.int64)]))
    return encoded_answers, _loss(encoded_answers, tokens, _is_answered(soft, tokens), settings)


def sources_of(parts: Sequence[Rows], *, codec: AnswerCodec, max_length: int) -> EncodedRows:
    """Encode what a model is shown of rows that stand behind each other."""
    rows = Rows(
        uids=[uid for part in parts for uid in part.uids],
        columns={name: [text for part in parts for text in part.columns[name]] for name in parts[0].columns},
        gold=None,
    )
    return encode_rows(
        rows=rows, task_type=codec.task_type, tokenizer=codec.tokenizer, max_length=max_length, frame=codec.frame
    )


def taught_sources(*, soft: SoftLabels, gold: Rows | None, codec: AnswerCodec, max_length: int) -> EncodedRows:
    """Encode the rows of a `token_objective` of the same sets as another model with the same tokens reads them."""
    parts = [soft.rows] if gold is None else [soft.rows, _gold_answers(gold, codec)[0]]
    return sources_of(parts, codec=codec, max_length=max_length)


def _gold_answers(gold: Rows, codec: AnswerCodec) -> tuple[Rows, RaggedInts, list[int]]:
    """Return gold rows, each as often as it has right answers, the tokens of these, and how many each has."""
    task_type = codec.task_type
    if not isinstance(task_type, WrittenAnswerType):
        texts = gold.columns[task_type.input_fields[0]]
        return gold, RaggedInts.of(codec.tokens(answers=gold.labelled(), texts=texts)), [1] * len(gold)
    references = [task_type.texts(answer) for answer in gold.labelled()]
    counts = [len(texts) for texts in references]
    places = np.repeat(np.arange(len(gold)), counts)
    rows = Rows(
        uids=[gold.uids[place] for place in places],
        columns={name: [texts[place] for place in places] for name, texts in gold.columns.items()},
        gold=None,
    )
    return rows, RaggedInts.of(codec.written([text for texts in references for text in texts])), counts


def _is_answered(soft: SoftLabels, tokens: TokenLabels) -> torch.Tensor:
    outputs = soft.outputs
    if isinstance(outputs, TopOutputs):
        answered_N = outputs.answered_N
    else:
        assert isinstance(outputs, ModelOutputs)
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
