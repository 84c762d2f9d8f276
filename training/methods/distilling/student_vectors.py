"""What a distilled student learns of its teacher's vectors: whether it can, and where the map between both starts."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from torch import nn

from training.data import unit_vectors
from training.distil import SoftLabels
from training.job import Job
from training.methods.student_start import StudentStart, some_of
from training.runtime import PermanentFailure
from training.spec import OF_WRITTEN, SOFT, VECTORS
from training.tasks import BI_ENCODER
from training.train import ModelLoader, VectorTarget, fitted_map

Floats = npt.NDArray[np.float32]

# So many rows' vectors start the map.
MOST_ROWS = 1_000


class NoVectors(PermanentFailure):
    """A student is to learn a teacher's vectors, and there are none that it can learn."""


def vector_target(*, job: Job, loader: ModelLoader, soft: SoftLabels, start: StudentStart) -> VectorTarget | None:
    """Return what a student's vectors are drawn to; None where it learns from soft labels alone.

    Raises: NoVectors (it is to learn them and cannot), StopRequested.
    """
    wanted = job.spec.distillation.distil_from
    if wanted in (SOFT, *OF_WRITTEN):
        return None
    if lack := _lack(job, loader, soft, start):
        raise NoVectors(f"distillation.distil_from: is {wanted}, and {lack}, or set it to {SOFT}.")
    assert soft.vectors is not None
    centre_K = soft.vectors.mean()
    return VectorTarget(
        vectors=soft.vectors,
        centre_K=centre_K,
        first_map=_first_map(job, loader, soft, centre_K),
        fit_head=start.refit if wanted == VECTORS else None,
    )


def _lack(job: Job, loader: ModelLoader, soft: SoftLabels, start: StudentStart) -> str:
    """Say why a student cannot learn vectors and what to do, as parts of a sentence; "" where it can."""
    if loader.task_type.unit == "word":
        return "entities are learned word by word. Leave it out"
    if loader.codec is not None:
        return "the student writes text and has no vector of it. Take an encoder as student"
    if soft.vectors is None:
        return "the soft labels come without vectors. Score again with training.keep_vectors, by an encoder"
    if soft.vectors.shape[0] != (2 if loader.pooling == BI_ENCODER else 1):
        return (
            f"the teacher reads the texts of a pair {'apart' if soft.vectors.shape[0] > 1 else 'as one'}, and the "
            "student does not. Set training.pooling of both alike"
        )
    if job.spec.distillation.distil_from == VECTORS and start.refit is None:
        return "no head can be fitted to this student's vectors. Set training.recipe to auto, or distil_from to both"
    return ""


def _first_map(job: Job, loader: ModelLoader, soft: SoftLabels, centre_K: Floats) -> nn.Linear:
    some = some_of(soft, MOST_ROWS, job.spec.seed)
    assert some.vectors is not None
    student_NSH = loader.vectors(some.rows, spec=job.spec, stop=job.stop)
    teacher_NSK = unit_vectors(some.vectors.rows(np.arange(len(some.rows))) - centre_K)
    return fitted_map(
        student_NH=student_NSH.reshape(-1, student_NSH.shape[-1]), teacher_NK=teacher_NSK.reshape(-1, len(centre_K))
    )
