"""Train a student or a teacher on gold labels."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from training.compute import prepare_compute
from training.data import DataInvalid, EncodedRows, Rows, encode_rows, read_labelled
from training.examiner import read_splits
from training.folder import file_hash
from training.job import Job
from training.leaks import tell_leaks
from training.lesson import Lesson, Start
from training.losses import IGNORED
from training.result import finish
from training.spec import RunSpec
from training.task_types import task_type_named
from training.task_types.base import TaskType
from training.token_labels import TokenLoss
from training.trials import search_and_train
from training.units import Units
from training.written_rows import taught_rows


@dataclass(frozen=True, kw_only=True)
class GoldLoss:
    """Cross-entropy against gold answers; `target` is (U,), or (U, C) where labels do not exclude each other."""

    task_type: TaskType
    units: Units
    target: Tensor

    def __call__(self, *, logits: Tensor, rows: Tensor) -> Tensor:
        """Return the loss summed over the rows."""
        return self.task_type.cross_entropy_sum(logits=logits, target=self.target[self.units.of(rows)])

    def on(self, device: torch.device) -> GoldLoss:
        """Return the same loss on a device."""
        return replace(self, units=self.units.to(device), target=self.target.to(device))

    def num_valid(self, rows: Tensor) -> int:
        """Return how many terms the loss of the rows has."""
        return int((self.target[self.units.of(rows.to(self.target.device))] != IGNORED).sum())


def finetune(job: Job) -> dict[str, Any]:
    """Fine-tune a pre-trained checkpoint on gold labels and score it.

    Parameters
    ----------
    job
        its spec names the checkpoint, the train split and, if wanted, dev (selects the best step) and test.

    Returns
    -------
    The run's result, as result.json holds it; `leaks` counts training texts that are in dev or test too.

    Raises
    ------
    PermanentFailure: the data or the checkpoint cannot be used, or the loss diverged.
    StopRequested: asked to stop; a checkpoint was saved.
    """
    spec = job.spec
    assert spec.model is not None and spec.data.train is not None
    compute = prepare_compute(spec)
    task_type = task_type_named(name=spec.task_type, metric=spec.evaluation.metric)
    train = read_labelled(folder=spec.data.train, name="train", task_type=task_type, labels=spec.labels)
    check_variety(gold=train.labelled(), task_type=task_type)
    task_type = _segmented(job, task_type, train)
    job.progress.stage("model", message=f"loading {spec.model}")
    start = Start(spec=spec, task_type=task_type, compute=compute)
    job.progress.stage("data", message="preparing data")
    rows, loss = gold_lesson(rows=train, start=start, task_type=task_type, spec=spec)
    _tell_unreadable(job, train, start)
    lesson = Lesson(
        task_type=task_type,
        rows=rows,
        loss=loss.on(compute.device),
        compute=compute,
        splits=read_splits(spec=spec, task_type=task_type, tokenizer=start.tokenizer, pooling=start.pooling),
        fingerprint=file_hash(job.folder / "spec.json"),
    )
    job.progress.log(f"fine-tuning {spec.model} as {spec.role} on {len(train)} gold labels")
    leaks = tell_leaks(job, {"train": train, **lesson.held_out()})
    trained = search_and_train(job=job, lesson=lesson, start=start)
    result = finish(job=job, trained=trained, train=train, num_train=len(train), num_pseudo_labels=0)
    return {**result, "leaks": leaks}


def _segmented(job: Job, task_type: TaskType, train: Rows) -> TaskType:
    """Fix the units of this training; what it makes keeps them."""
    wanted = job.spec.training.segmentation
    found = task_type.segmentation_for(columns=train.columns, gold=train.labelled()) if wanted == "auto" else wanted
    if found != task_type.segmentation:
        job.progress.log(f"entities are tagged {found} by {found}")
    return task_type.segmented(found)


def _tell_unreadable(job: Job, train: Rows, start: Start) -> None:
    """Count the answers that a model which writes could not give however well it learned them."""
    if start.writer is None:
        return
    texts, answers = train.columns[start.writer.task_type.input_fields[0]], train.labelled()
    tokens = start.writer.tokens(answers=answers, texts=texts)
    told = (start.writer.read(tokens=ids, text=text) for ids, text in zip(tokens, texts, strict=True))
    lost = sum(said != answer for said, answer in zip(told, answers, strict=True))
    if lost:
        job.progress.log(f"{lost} of {len(train)} gold answers read otherwise once the tokenizer has written them")


def gold_lesson(
    *, rows: Rows, start: Start, task_type: TaskType, spec: RunSpec
) -> tuple[EncodedRows, GoldLoss | TokenLoss]:
    """Encode labelled rows and lay out the loss against their gold answers.

    Parameters
    ----------
    rows
        with a gold answer each.
    start
        knows the tokenizer, and whether the model writes its answers.
    task_type, spec
        of the run.

    Returns
    -------
    The rows as the model is trained on them, and the loss on the CPU.
    """
    encoded = encode_rows(
        rows=rows,
        task_type=task_type,
        tokenizer=start.tokenizer,
        max_length=spec.training.max_length,
        pooling=start.pooling,
    )
    if start.writer is None:
        target = task_type.targets(rows=rows, units=encoded.units, labels=spec.labels)
        return start.prepared(encoded), GoldLoss(task_type=task_type, units=encoded.units, target=target)
    texts = rows.columns[task_type.input_fields[0]]
    taught = taught_rows(encoded=encoded, answers=start.writer.tokens(answers=rows.labelled(), texts=texts))
    return taught, TokenLoss.of_gold(taught)


def check_variety(*, gold: list[str], task_type: TaskType) -> None:
    """Raise DataInvalid if gold answers leave nothing to tell apart."""
    if not task_type.is_varied(gold):
        raise DataInvalid(
            f"data.train: all {len(gold)} examples are labelled {gold[0]!r}. Label examples of another kind too."
        )
