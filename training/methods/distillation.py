"""Train a student on a teacher's soft labels, and on gold labels too where wanted."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from training.answers import Rows
from training.compute import Compute
from training.contract import SPEC_FILE
from training.data import EncodedRows, Outputs, Units, read_labelled, tell_leaks
from training.distil import (
    METADATA_FILE,
    Selection,
    SoftLabels,
    learns_tokens,
    read_metadata,
    read_soft_labels,
    select,
    token_lesson,
)
from training.evaluation import read_splits
from training.job import Job
from training.learners import encode_rows, learner_of
from training.methods.preparing import prepare
from training.methods.result import finish
from training.models import tokenizer_hash
from training.runtime import PermanentFailure, file_hash
from training.spec import RunSpec
from training.tasks import TaskType
from training.train import GoldStage, Lesson, SoftLoss, Start, TokenLoss, check_variety, gold_lesson, search_and_train


class NothingTaught(PermanentFailure):
    """A teacher gave no answer to any of the rows that a student is to learn from."""


def distil(job: Job) -> dict[str, Any]:
    """Distil a student from a soft-label set and score it; the teacher itself is not needed any more.

    Parameters
    ----------
    job
        its spec names the student's checkpoint, the soft-label set and which of its rows to keep, gold labels if
        gold_weight or gold_epochs is above 0 (and for the baseline), dev (selects the best step) and test.

    Returns
    -------
    The run's result, as result.json holds it; `aligned` says whether tags were compared over different tokenizers,
    `distillation` which rows were kept and whether tokens were compared, `leaks` how many texts trained on are in
    dev or test too.

    Raises
    ------
    NothingTaught: the teacher answered none of the rows that are kept.
    PermanentFailure: the data or the checkpoint cannot be used, or the loss diverged.
    StopRequested: asked to stop; a checkpoint was saved.
    """
    spec, settings = job.spec, job.spec.training
    assert spec.model is not None and spec.data.soft_labels is not None
    compute, task_type = prepare(job)
    # A student counts as its teacher did, or the outputs would be laid over other units.
    task_type = task_type.segmented(read_metadata(spec.data.soft_labels).get("segmentation", "word"))
    gold = _gold_rows(job, task_type)
    soft, selection = _kept_rows(job, task_type, gold)
    job.progress.stage("model", message=f"loading {spec.model}")
    start = Start(spec=spec, task_type=task_type, compute=compute)
    job.progress.stage("data", message="preparing data")
    rows, loss = _soft_lesson(job, task_type, soft, gold if settings.gold_weight else None, start)
    _check_taught(soft, loss)
    lesson = Lesson(
        task_type=task_type,
        rows=start.prepared(rows),
        loss=loss.on(compute.device),
        compute=compute,
        splits=read_splits(spec=spec, task_type=task_type, tokenizer=start.tokenizer, pooling=start.pooling),
        fingerprint=file_hash(job.folder / SPEC_FILE) + file_hash(spec.data.soft_labels / METADATA_FILE),
        gold=_gold_stage(gold, start, task_type, spec, compute) if gold and spec.distillation.gold_epochs else None,
    )
    job.progress.log(f"distilling {spec.model} from {len(soft.rows)} soft labels at T {settings.temperature:g}")
    used = {"pseudo": soft.rows, **({"train": gold} if gold else {})}
    leaks = tell_leaks(job, {**used, **lesson.held_out()})
    is_gold_used = gold is not None and (settings.gold_weight > 0 or spec.distillation.gold_epochs > 0)
    result = finish(
        job=job,
        trained=search_and_train(job=job, lesson=lesson, start=start),
        train=gold,
        num_train=len(gold) if gold and is_gold_used else 0,
        num_pseudo_labels=len(soft.rows),
    )
    of_words = task_type.unit == "word"
    return {
        **result,
        "aligned": of_words and soft.tokenizer_hash != tokenizer_hash(start.tokenizer),
        "leaks": leaks,
        "distillation": {**asdict(spec.distillation), **selection.payload(), "of_tokens": isinstance(loss, TokenLoss)},
    }


def _kept_rows(job: Job, task_type: TaskType, gold: Rows | None) -> tuple[SoftLabels, Selection]:
    """Read the soft-label set and drop what the filter does not let through; a row with a gold label stays."""
    spec = job.spec
    assert spec.data.soft_labels is not None
    soft = read_soft_labels(
        folder=spec.data.soft_labels,
        task_type=spec.task_type,
        input_fields=task_type.input_fields,
        labels=spec.labels,
    )
    with_gold = set(gold.uids) if gold and spec.training.gold_weight else set()
    selection = select(
        settings=spec.distillation,
        soft=soft,
        task_type=task_type,
        is_gold_N=np.array([uid in with_gold for uid in soft.rows.uids], dtype=np.bool_),
        seed=spec.seed,
    )
    if spec.distillation.filter != "none":
        job.progress.log(
            f"filter {spec.distillation.filter}: {selection.num_passed} of {selection.num_asked} pseudo-labels kept"
        )
        soft = soft.of(selection.kept_N)
    return soft, selection


def _gold_rows(job: Job, task_type: TaskType) -> Rows | None:
    folder = job.spec.data.train
    if folder is None:
        return None
    return read_labelled(folder=folder, name="train", task_type=task_type, labels=job.spec.labels)


def _gold_stage(gold: Rows, start: Start, task_type: TaskType, spec: RunSpec, compute: Compute) -> GoldStage:
    check_variety(gold=gold.labelled(), task_type=task_type)
    rows, loss = gold_lesson(rows=gold, start=start, task_type=task_type, spec=spec)
    return GoldStage(rows=rows, loss=loss.on(compute.device), epochs=spec.distillation.gold_epochs)


def _soft_lesson(
    job: Job, task_type: TaskType, soft: SoftLabels, gold: Rows | None, start: Start
) -> tuple[EncodedRows, SoftLoss | TokenLoss]:
    settings = job.spec.training
    if start.writer is not None and learns_tokens(writer=start.writer, soft=soft):
        job.progress.log("teacher and student write with one tokenizer: distilling the distributions of tokens")
        return token_lesson(soft=soft, gold=gold, writer=start.writer, settings=settings)
    texts = _joined(soft.rows, gold) if gold else soft.rows
    rows = encode_rows(
        rows=texts,
        task_type=task_type,
        tokenizer=start.tokenizer,
        max_length=settings.max_length,
        pooling=start.pooling,
    )
    targets = learner_of(task_type).targets(rows=texts, units=rows.units, labels=job.spec.labels)
    loss = _soft_loss(job, task_type, soft.outputs, rows.units, targets)
    return rows, replace(loss, labels_are_written=start.writer is not None)


def _check_taught(soft: SoftLabels, loss: SoftLoss | TokenLoss) -> None:
    """A student without a lesson would stay as it was drawn, and yet be paid for, registered and compared."""
    if not bool(loss.answered_U.any()):
        raise NothingTaught(
            f"data.soft_labels: the teacher gave no answer to any of {len(soft.rows)} rows, so that nothing can be "
            "learned from it. Train it longer or on more labels, or take another teacher."
        )


def _joined(soft: Rows, gold: Rows) -> Rows:
    """Join soft-labelled and gold rows by uid; a row may be both."""
    answer_of = dict(zip(gold.uids, gold.labelled(), strict=True))
    known = set(soft.uids)
    extra = [index for index, uid in enumerate(gold.uids) if uid not in known]
    uids = [*soft.uids, *(gold.uids[index] for index in extra)]
    columns = {name: [*texts, *(gold.columns[name][index] for index in extra)] for name, texts in soft.columns.items()}
    return Rows(uids=uids, columns=columns, gold=[answer_of.get(uid) for uid in uids])


def _soft_loss(job: Job, task_type: TaskType, teacher: Outputs, units: Units, target: Tensor) -> SoftLoss:
    """Lay the teacher's outputs over the student's units; what either of them did not see has no answer.

    Where a unit is a word, this aligns two tokenizers: a word is the same characters to both, and each answers for it
    with its own first token, so that tag distributions are compared word by word and never token by token.
    """
    teacher_UC = torch.from_numpy(teacher.over(units))
    answered_U = torch.isfinite(teacher_UC).all(dim=1)
    # Absent answers are zeros, not infinite: a masked one still reaches the gradient.
    teacher_UC[~answered_U] = 0
    settings = job.spec.training
    return SoftLoss(
        learner=learner_of(task_type),
        units=units,
        teacher_UC=teacher_UC,
        answered_U=answered_U,
        target=target,
        temperature=settings.temperature,
        gold_weight=settings.gold_weight,
    )
