"""Train a student or a teacher on gold labels."""

from __future__ import annotations

from typing import Any

from training.answers import Rows
from training.contract import SPEC_FILE
from training.data import read_labelled, tell_leaks
from training.evaluation import read_splits
from training.job import Job
from training.methods.preparing import prepare
from training.methods.result import finish
from training.runtime import file_hash
from training.tasks import TaskType
from training.train import Lesson, Start, check_variety, gold_lesson, search_and_train


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
    compute, task_type = prepare(job)
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
        fingerprint=file_hash(job.folder / SPEC_FILE),
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
