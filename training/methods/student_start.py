"""A distilled student's head, fitted to its teacher's soft labels before the student is trained."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from training.compute import Compute
from training.data import TopOutputs, Units
from training.distil import SoftLabels
from training.job import Job
from training.learners import is_artifact
from training.recipes import frozen_study, head_pooling
from training.spec import FINETUNE, PROBE
from training.train import ModelLoader

# So many soft-labelled rows are read at most; of entities, whose every word is a unit, fewer.
MOST_ROWS, MOST_ROWS_OF_WORDS = 2_000, 500


def start_student(*, job: Job, loader: ModelLoader, compute: Compute, soft: SoftLabels) -> dict[str, Any] | None:
    """Give the loader a head for its students; returns how, as result.json has it, None for the recipe `finetune`.

    Raises: StopRequested.
    """
    recipe, task_type = job.spec.training.recipe, loader.task_type
    if recipe == FINETUNE:
        return None
    assert job.spec.model is not None
    outputs = soft.outputs
    if isinstance(outputs, TopOutputs):
        why = "Fine-tuning from the start: of many classes, the soft labels hold only the likeliest."
        return _choice(FINETUNE, why, 0.0)
    if (
        loader.pooling is None
        or is_artifact(job.spec.model)
        or loader.asked_pooling != head_pooling(task_type, loader.asked_pooling)
    ):
        why = "Fine-tuning from the start: the student takes no head of a checkpoint that is not trained."
        return _choice(FINETUNE, why, 0.0)
    began = job.meter.device_seconds()
    job.progress.stage("choose", message="fitting the student's head to soft labels")
    most = MOST_ROWS_OF_WORDS if task_type.unit == "word" else MOST_ROWS
    kept_N = np.zeros(len(soft.rows), dtype=np.bool_)
    kept_N[np.random.default_rng(job.spec.seed).permutation(len(soft.rows))[:most]] = True
    some = soft.of(kept_N)
    study = frozen_study(job=job, loader=loader, compute=compute)
    with torch.random.fork_rng(devices=[]):
        pool = study.vectors(some.rows.columns)
        counts = np.diff(pool.bounds)
        units = (
            Units.of_words([[0] * count for count in counts])
            if task_type.unit == "word"
            else Units.one_per_row(len(counts))
        )
        head = study.taught(
            pool=pool, logits_UC=outputs.of(kept_N).over(units), temperature=job.spec.training.temperature
        )
    loader.start_from(head)
    why = f"The student's head was fitted to the soft labels of {len(some.rows):,} rows, then all of it was trained."
    job.progress.log(why)
    return _choice(PROBE, why, job.meter.device_seconds() - began)


def _choice(chosen: str, why: str, seconds: float) -> dict[str, Any]:
    one = {"name": chosen, "score": None}
    return {
        "chosen": chosen,
        "judged_on": "nothing",
        "why": why,
        "candidates": [one],
        "notes": [],
        "device_seconds": round(seconds, 3),
    }
