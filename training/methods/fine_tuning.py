"""Train a student or a teacher on gold labels."""

from typing import Any

from training.answers import Rows
from training.contract import SPEC_FILE
from training.data import read_labelled, report_leaks
from training.evaluation import read_splits
from training.job import Job
from training.methods.preparing import prepare
from training.methods.result import finish
from training.runtime import file_hash
from training.tasks import TaskType
from training.train import ModelLoader, TrainingSetup, check_variety, gold_objective, search_and_train


def finetune(job: Job) -> dict[str, Any]:
    """Fine-tune a pre-trained checkpoint on gold labels and score it; returns what result.json holds.

    Raises: PermanentFailure, StopRequested (a checkpoint was saved).
    """
    spec = job.spec
    assert spec.model is not None and spec.data.train is not None
    compute, task_type = prepare(job)
    train = read_labelled(folder=spec.data.train, name="train", task_type=task_type, labels=spec.labels)
    check_variety(gold=train.labelled(), task_type=task_type)
    task_type = _segmented(job, task_type, train)
    job.progress.stage("model", message=f"loading {spec.model}")
    loader = ModelLoader(spec=spec, task_type=task_type, compute=compute)
    job.progress.stage("data", message="preparing data")
    rows, loss = gold_objective(rows=train, loader=loader, task_type=task_type, spec=spec)
    _report_unreadable(job, train, loader)
    setup = TrainingSetup(
        task_type=task_type,
        rows=rows,
        loss=loss.on(compute.device),
        compute=compute,
        splits=read_splits(spec=spec, task_type=task_type, tokenizer=loader.tokenizer, pooling=loader.pooling),
        fingerprint=file_hash(job.folder / SPEC_FILE),
    )
    job.progress.log(f"fine-tuning {spec.model} as {spec.role} on {len(train)} gold labels")
    leaks = report_leaks(job, {"train": train, **setup.held_out()})
    trained = search_and_train(job=job, setup=setup, loader=loader)
    result = finish(job=job, trained=trained, train=train, num_train=len(train), num_pseudo_labels=0)
    return {**result, "leaks": leaks}


def _segmented(job: Job, task_type: TaskType, train: Rows) -> TaskType:
    """Fix the units of this training; its artifact keeps them."""
    asked = job.spec.training.segmentation
    found = task_type.segmentation_for(columns=train.columns, gold=train.labelled()) if asked == "auto" else asked
    if found != task_type.segmentation:
        job.progress.log(f"entities are tagged {found} by {found}")
    return task_type.segmented(found)


def _report_unreadable(job: Job, train: Rows, loader: ModelLoader) -> None:
    """Count the answers that a text-to-text model could not give however well it learned them."""
    codec = loader.codec
    if codec is None:
        return
    texts, answers = train.columns[codec.task_type.input_fields[0]], train.labelled()
    tokens = codec.tokens(answers=answers, texts=texts)
    read = [codec.read(tokens=ids, text=text) for ids, text in zip(tokens, texts, strict=True)]
    lost = sum(found != answer for found, answer in zip(read, answers, strict=True))
    if lost:
        job.progress.log(f"{lost} of {len(train)} gold answers read otherwise once the tokenizer has written them")
