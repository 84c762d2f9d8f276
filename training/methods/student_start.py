"""A distilled student's head, fitted to its teacher's soft labels before the student is trained, or afterwards."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from training.compute import Compute
from training.data import ModelOutputs, TopOutputs, Units
from training.distil import SoftLabels
from training.fewshot import FrozenHead, FrozenStudy
from training.job import Job
from training.learners import is_artifact
from training.models import EncoderClassifier
from training.recipes import frozen_study, head_pooling
from training.spec import FINETUNE, PROBE
from training.train import ModelLoader, take_over

# So many soft-labelled rows are read at most; of entities, whose every word is a unit, fewer.
MOST_ROWS, MOST_ROWS_OF_WORDS = 2_000, 500


@dataclass(frozen=True, kw_only=True)
class StudentStart:
    """How a student starts: `choice` as result.json has it, None for the recipe `finetune`.

    `refit` gives a student of another encoder a head that is fitted in the same way; None where none was fitted.
    """

    choice: dict[str, Any] | None
    refit: Callable[[EncoderClassifier], None] | None = None


def start_student(*, job: Job, loader: ModelLoader, compute: Compute, soft: SoftLabels) -> StudentStart:
    """Give the loader a head for its students, where one can be fitted to soft labels. Raises: StopRequested."""
    recipe, task_type = job.spec.training.recipe, loader.task_type
    if recipe == FINETUNE:
        return StudentStart(choice=None)
    assert job.spec.model is not None
    if isinstance(soft.outputs, TopOutputs):
        why = "Fine-tuning from the start: of many classes, the soft labels hold only the likeliest."
        return StudentStart(choice=_choice(FINETUNE, why, 0.0))
    if (
        loader.pooling is None
        or not task_type.has_labels
        or is_artifact(job.spec.model)
        or loader.asked_pooling != head_pooling(task_type, loader.asked_pooling)
    ):
        why = "Fine-tuning from the start: the student takes no head of a checkpoint that is not trained."
        return StudentStart(choice=_choice(FINETUNE, why, 0.0))
    began = job.meter.device_seconds()
    job.progress.stage("choose", message="fitting the student's head to soft labels")
    most = MOST_ROWS_OF_WORDS if task_type.unit == "word" else MOST_ROWS
    some = some_of(soft, most, job.spec.seed)
    study, temperature = frozen_study(job=job, loader=loader, compute=compute), job.spec.training.temperature
    loader.start_from(_taught_head(study, some, temperature))
    why = f"The student's head was fitted to the soft labels of {len(some.rows):,} rows, then all of it was trained."
    job.progress.log(why)

    def refit(classifier: EncoderClassifier) -> None:
        take_over(classifier, _taught_head(study.with_encoder(classifier.encoder), some, temperature))

    return StudentStart(choice=_choice(PROBE, why, job.meter.device_seconds() - began), refit=refit)


def some_of(soft: SoftLabels, most: int, seed: int) -> SoftLabels:
    """Return a set with at most so many of its rows, drawn by a seed."""
    kept_N = np.zeros(len(soft.rows), dtype=np.bool_)
    kept_N[np.random.default_rng(seed).permutation(len(soft.rows))[:most]] = True
    return soft.of(kept_N)


def _taught_head(study: FrozenStudy, soft: SoftLabels, temperature: float) -> FrozenHead:
    """Fit a head on a checkpoint's vectors to soft labels; leaves the random state alone. Raises: StopRequested."""
    assert isinstance(soft.outputs, ModelOutputs)
    with torch.random.fork_rng(devices=[]):
        pool = study.vectors(soft.rows.columns)
        counts = np.diff(pool.bounds)
        units = (
            Units.of_words([[0] * count for count in counts])
            if study.task_type.unit == "word"
            else Units.one_per_row(len(counts))
        )
        return study.taught(pool=pool, logits_UC=soft.outputs.over(units), temperature=temperature)


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
