"""What a student learns from soft labels: its rows, encoded, and the loss against the teacher's outputs."""

from dataclasses import replace

import torch
import torch.nn.functional as F
from torch import Tensor

from training.answers import Rows
from training.data import EncodedRows, TopOutputs, Units
from training.distil import (
    SoftLabels,
    TopPlaces,
    learns_distributions,
    shares_tokens,
    token_objective,
    window_teacher,
    with_answers_alone,
)
from training.job import Job
from training.learners import encode_rows, gold_spans, learner_of, num_places, window_targets
from training.losses import IGNORED
from training.tasks import TOKEN, TaskType
from training.train import (
    MarkLoss,
    ModelLoader,
    SoftLoss,
    TokenLoss,
)


def soft_objective(
    job: Job, task_type: TaskType, soft: SoftLabels, gold: Rows | None, loader: ModelLoader
) -> tuple[EncodedRows, SoftLoss | TokenLoss | MarkLoss]:
    """Encode the rows, and make the loss against the teacher's outputs, without what teacher or student did not see.

    A word is the same characters to two tokenizers, and each model answers for it with its own first token: tag
    distributions are compared word by word and never token by token.
    """
    settings = job.spec.training
    if task_type.is_written:
        return _written_objective(job, soft, gold, loader)
    if task_type.unit == TOKEN:
        return _marked_objective(job, task_type, soft, gold, loader)
    if loader.codec is not None and shares_tokens(codec=loader.codec, soft=soft):
        job.progress.log("teacher and student write with one tokenizer: distilling the distributions of tokens")
        if soft.tokens is not None and soft.tokens.tails is None and settings.temperature != 1:
            job.progress.log(
                "warning: the soft labels were made by an earlier version, and weigh the tokens that they leave out at "
                "temperature 1. Score again for those at another temperature."
            )
        return token_objective(soft=soft, gold=gold, codec=loader.codec, settings=settings)
    texts = _joined(soft.rows, gold) if gold else soft.rows
    rows = encode_rows(
        rows=texts,
        task_type=task_type,
        tokenizer=loader.tokenizer,
        max_length=settings.max_length,
        pooling=loader.pooling,
    )
    learner = learner_of(task_type)
    teacher_UC, answered_U, top_ids_UK = _teacher_over(soft, rows.units, settings.temperature)
    return rows, SoftLoss(
        learner=learner,
        units=rows.units,
        teacher_UC=teacher_UC,
        answered_U=answered_U,
        top_ids_UK=top_ids_UK,
        target=learner.targets(rows=texts, units=rows.units, labels=job.spec.labels),
        temperature=settings.temperature,
        gold_weight=settings.gold_weight,
        is_text_to_text=loader.codec is not None,
    )


def learns_token_distributions(job: Job, loader: ModelLoader, soft: SoftLabels) -> bool:
    """Whether a student that writes learns how likely the teacher found tokens, and not only what it wrote."""
    assert loader.codec is not None
    return learns_distributions(codec=loader.codec, soft=soft, distil_from=job.spec.distillation.distil_from)


def _written_objective(
    job: Job, soft: SoftLabels, gold: Rows | None, loader: ModelLoader
) -> tuple[EncodedRows, TokenLoss]:
    """Teach the distributions of the teacher's tokens or, where asked for or all that fits, what it wrote alone."""
    codec, settings = loader.codec, job.spec.training
    assert codec is not None
    if learns_token_distributions(job, loader, soft):
        job.progress.log("teacher and student write with one tokenizer: distilling the distributions of tokens")
        return token_objective(soft=soft, gold=gold, codec=codec, settings=settings)
    job.progress.log("distilling the written answers alone")
    answers = with_answers_alone(soft, codec=codec)
    # A temperature softens distributions, and these have only one outcome.
    return token_objective(soft=answers, gold=gold, codec=codec, settings=replace(settings, temperature=1.0))


def _marked_objective(
    job: Job, task_type: TaskType, soft: SoftLabels, gold: Rows | None, loader: ModelLoader
) -> tuple[EncodedRows, MarkLoss]:
    """Teach where answers start and end, by characters of the passage: they are the same to any tokenizer."""
    settings = job.spec.training
    assert isinstance(soft.outputs, TopPlaces)
    texts = _joined(soft.rows, gold) if gold else soft.rows
    rows = encode_rows(rows=texts, task_type=task_type, tokenizer=loader.tokenizer, max_length=settings.max_length)
    spans = gold_spans(rows=texts, task_type=task_type)
    target_W2 = window_targets(encoded=rows, spans=spans, missing=IGNORED)
    teacher = window_teacher(top=soft.outputs, encoded=rows, temperature=settings.temperature)
    return rows, MarkLoss(
        count_W=num_places(rows),
        target_W2=torch.from_numpy(target_W2),
        answered_W=teacher.answered_W,
        top_places_W2K=teacher.top_places_W2K,
        teacher_W2K=teacher.teacher_W2K,
        temperature=settings.temperature,
        gold_weight=settings.gold_weight,
    )


def _teacher_over(soft: SoftLabels, units: Units, temperature: float) -> tuple[Tensor, Tensor, Tensor | None]:
    """Return a teacher's outputs over a student's units, which units it answered, and the classes it keeps, if not all.

    Absent answers are zeros, not infinite: a masked one still reaches the gradient.
    """
    outputs = soft.outputs
    assert not isinstance(outputs, TopPlaces)
    if not isinstance(outputs, TopOutputs):
        teacher_UC = torch.from_numpy(outputs.over(units))
        answered_U = torch.isfinite(teacher_UC).all(dim=1)
        teacher_UC[~answered_U] = 0
        return teacher_UC, answered_U, None
    # Rows behind those of the set have gold labels alone.
    behind = (0, 0, 0, len(units.count_N) - len(outputs))
    teacher_UK = F.pad(outputs.log_probs_at(temperature).nan_to_num(0.0), behind)
    top_ids_UK = F.pad(torch.from_numpy(outputs.top_ids_NK), behind)
    return teacher_UK, F.pad(torch.from_numpy(outputs.answered_N), behind[2:]), top_ids_UK


def _joined(soft: Rows, gold: Rows) -> Rows:
    """Join soft-labelled and gold rows by uid; a row may be both."""
    answer_of = dict(zip(gold.uids, gold.labelled(), strict=True))
    known = set(soft.uids)
    extra = [index for index, uid in enumerate(gold.uids) if uid not in known]
    uids = [*soft.uids, *(gold.uids[index] for index in extra)]
    columns = {name: [*texts, *(gold.columns[name][index] for index in extra)] for name, texts in soft.columns.items()}
    return Rows(uids=uids, columns=columns, gold=[answer_of.get(uid) for uid in uids])
