"""Train a student on a teacher's soft labels, and on gold labels too where wanted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from training.artifact import load_classifier
from training.classifier import freeze_layers
from training.compute import Compute, prepare_compute
from training.data import Rows, encode_rows, read_labelled
from training.folder import file_hash
from training.job import Job
from training.loop import Fitting, fit
from training.losses import IGNORED, cross_entropy_sum, distillation_sum
from training.result import Examiner, finish
from training.soft_labels import METADATA_FILE, SoftLabels, read_soft_labels
from training.task_types import task_type_named
from training.task_types.base import TaskType


@dataclass(frozen=True, kw_only=True)
class SoftLoss:
    """KL to the teacher where it answered, plus weighted cross-entropy where a gold label is."""

    teacher_NC: Tensor
    answered_N: Tensor
    target_N: Tensor
    temperature: float
    gold_weight: float

    def __call__(self, *, logits: Tensor, rows: Tensor) -> Tensor:
        """Return the loss summed over the rows."""
        loss = distillation_sum(
            student_BC=logits,
            teacher_BC=self.teacher_NC[rows],
            temperature=self.temperature,
            mask_B=self.answered_N[rows],
        )
        if self.gold_weight:
            loss = loss + self.gold_weight * cross_entropy_sum(logits_BC=logits, target_B=self.target_N[rows])
        return loss

    def num_valid(self, rows: Tensor) -> int:
        """Return the number of rows: each has a teacher's answer, a gold label, or both."""
        return len(rows)


@dataclass(frozen=True, kw_only=True)
class Lesson:
    """Rows a student learns from, and the loss over them."""

    rows: Rows
    loss: SoftLoss


def distil(job: Job) -> dict[str, Any]:
    """Distil a student from a soft-label set and score it; the teacher itself is not needed any more.

    Parameters
    ----------
    job
        its spec names the student's checkpoint, the soft-label set, gold labels if gold_weight is above 0 (and
        for the baseline), dev (selects the best step) and test.

    Returns
    -------
    The run's result, as result.json holds it.

    Raises
    ------
    PermanentFailure: the data or the checkpoint cannot be used, or the loss diverged.
    StopRequested: asked to stop; a checkpoint was saved.
    """
    spec, settings = job.spec, job.spec.training
    assert spec.model is not None and spec.data.soft_labels is not None
    compute = prepare_compute(spec)
    task_type = task_type_named(name=spec.task_type, metric=spec.evaluation.metric)
    soft = read_soft_labels(
        folder=spec.data.soft_labels,
        task_type=spec.task_type,
        input_fields=task_type.input_fields,
        labels=spec.labels,
    )
    gold = _gold_rows(job, task_type)
    lesson = _lesson(job, task_type, soft, gold, compute)
    classifier = load_classifier(
        source=spec.model, task_type=task_type, labels=spec.labels, max_length=settings.max_length
    )
    classifier.model.to(compute.device)
    freeze_layers(encoder=classifier.model.encoder, num_layers=settings.frozen_layers)
    rows = encode_rows(
        rows=lesson.rows, task_type=task_type, tokenizer=classifier.tokenizer, max_length=settings.max_length
    )
    examiner = Examiner.of(job=job, task_type=task_type, classifier=classifier, compute=compute)
    fitting = Fitting(
        model=classifier.model,
        rows=rows,
        loss=lesson.loss,
        compute=compute,
        dev_score=examiner.dev_score if "dev" in examiner.splits else None,
    )
    job.progress.log(f"distilling {spec.model} from {len(soft.rows)} soft labels at T {settings.temperature:g}")
    fingerprint = file_hash(job.folder / "spec.json") + file_hash(spec.data.soft_labels / METADATA_FILE)
    fit(job=job, fitting=fitting, fingerprint=fingerprint)
    return finish(
        examiner=examiner,
        train_gold=gold.labelled() if gold else None,
        num_train=len(gold) if gold and settings.gold_weight else 0,
        num_pseudo_labels=len(soft.rows),
    )


def _gold_rows(job: Job, task_type: TaskType) -> Rows | None:
    folder = job.spec.data.train
    if folder is None:
        return None
    return read_labelled(folder=folder, name="train", task_type=task_type, labels=job.spec.labels)


def _lesson(job: Job, task_type: TaskType, soft: SoftLabels, gold: Rows | None, compute: Compute) -> Lesson:
    """Join soft-labelled and gold rows by uid; a row may be both."""
    settings, labels = job.spec.training, job.spec.labels
    rows, teacher_NC = soft.rows, torch.from_numpy(soft.logits_NC)
    target_N = torch.full((len(rows),), IGNORED)
    if gold is not None and settings.gold_weight:
        place = {uid: index for index, uid in enumerate(rows.uids)}
        extra = [index for index, uid in enumerate(gold.uids) if uid not in place]
        rows = _joined(rows, gold, extra)
        # Absent answers are zeros, not NaN: a masked NaN still reaches the gradient.
        teacher_NC = torch.cat([teacher_NC, torch.zeros(len(extra), len(labels))])
        target_N = torch.full((len(rows),), IGNORED)
        place = {uid: index for index, uid in enumerate(rows.uids)}
        places = torch.from_numpy(np.array([place[uid] for uid in gold.uids]))
        target_N[places] = task_type.targets(gold=gold.labelled(), labels=labels)
    loss = SoftLoss(
        teacher_NC=teacher_NC.to(compute.device),
        answered_N=(torch.arange(len(rows)) < len(soft.rows)).to(compute.device),
        target_N=target_N.to(compute.device),
        temperature=settings.temperature,
        gold_weight=settings.gold_weight,
    )
    return Lesson(rows=rows, loss=loss)


def _joined(first: Rows, second: Rows, extra: list[int]) -> Rows:
    columns = {
        name: [*texts, *(second.columns[name][index] for index in extra)] for name, texts in first.columns.items()
    }
    return Rows(uids=[*first.uids, *(second.uids[index] for index in extra)], columns=columns, gold=None)
