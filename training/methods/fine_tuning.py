"""Train a student or a teacher on gold labels."""

from typing import Any

from training.answers import Rows
from training.data import read_labelled, report_leaks
from training.job import Job
from training.methods.preparing import prepare
from training.methods.result import Extra, finish
from training.recipes import RecipeRun, train_by_recipe
from training.spec import CONTRAST, FINETUNE, FROZEN, PROBE
from training.tasks import TaskType
from training.train import check_variety


def finetune(job: Job) -> dict[str, Any]:
    """Make a student or teacher of gold labels by the spec's recipe and score it; returns what result.json holds.

    Without labels it is made of what these say of themselves. Raises: PermanentFailure, StopRequested (a checkpoint was
    saved).
    """
    spec = job.spec
    assert spec.model is not None
    compute, task_type = prepare(job)
    train = _train_rows(job, task_type)
    if train is not None:
        task_type = _segmented(job, task_type, train)
    held_out = {
        name: read_labelled(folder=folder, name=name, task_type=task_type, labels=spec.labels)
        for name, folder in (("dev", spec.data.dev), ("test", spec.data.test))
        if folder is not None
    }
    num_train = len(train) if train is not None else 0
    job.progress.log(f"{spec.training.recipe}: {spec.model} as {spec.role} on {num_train} gold labels")
    leaks = report_leaks(job, {**({"train": train} if train is not None else {}), **held_out})
    run = RecipeRun(job=job, task_type=task_type, compute=compute, train=train, held_out=held_out)
    found = train_by_recipe(run)
    result = finish(
        job=job,
        trained=found.trained,
        train=train,
        num_train=num_train,
        num_pseudo_labels=0,
        extra=Extra(baselines=found.baselines, choice=found.choice, held_out=found.held_out, of_parts=found.of_parts),
    )
    return {**result, "leaks": leaks}


def _train_rows(job: Job, task_type: TaskType) -> Rows | None:
    folder = job.spec.data.train
    if folder is None:
        return None
    train = read_labelled(folder=folder, name="train", task_type=task_type, labels=job.spec.labels)
    if job.spec.training.recipe in (FINETUNE, FROZEN, PROBE, CONTRAST):
        check_variety(gold=train.labelled(), task_type=task_type)
    return train


def _segmented(job: Job, task_type: TaskType, train: Rows) -> TaskType:
    """Fix the units of this training; its artifact keeps them."""
    asked = job.spec.training.segmentation
    found = task_type.segmentation_for(columns=train.columns, gold=train.labelled()) if asked == "auto" else asked
    if found != task_type.segmentation:
        job.progress.log(f"entities are tagged {found} by {found}")
    return task_type.segmented(found)
