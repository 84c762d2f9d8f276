"""Who teaches: the study's teacher, the student's own checkpoint, or a model that an earlier run trained."""

from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from config.refusals import Refusal
from runs.models import ArtifactKind, Run, RunState
from runs.requests.plan import RunPlan
from studies.models import Study


class TeacherUnusable(Refusal):
    """An earlier run cannot teach; the message says why."""


@dataclass(frozen=True, kw_only=True)
class Teacher:
    """A checkpoint to be fine-tuned, or with `run`, what that run made of it."""

    model: dict[str, Any]
    run: Run | None = None


def teacher_of(*, study: Study, plan: RunPlan) -> Teacher:
    """Find the teacher that a plan names. Raises: TeacherUnusable."""
    if plan.teacher_run is None:
        return Teacher(model=plan.student_model(study.student_model) if plan.self_distil else study.teacher_model)
    run = finished_teachers(study).filter(pk=plan.teacher_run).first()
    if run is None:
        raise TeacherUnusable(
            f"{plan.teacher_run} is not a successful training run of “{study}”; only such a run can teach.",
            field="teacher",
        )
    if not run.artifact.path.is_dir():
        raise TeacherUnusable(
            f"the model of {run} is missing at {run.artifact.path}. Choose another teacher.", field="teacher"
        )
    assert run.model is not None, f"{run} trained nothing"
    return Teacher(model=run.model, run=run)


def finished_teachers(study: Study) -> QuerySet[Run]:
    """Runs of a study whose models can teach, the latest first."""
    done = study.runs.filter(state=RunState.SUCCEEDED, artifact__kind__in=[ArtifactKind.TEACHER, ArtifactKind.STUDENT])
    return done.select_related("artifact", "snapshot").order_by("-pk")
