"""The runs that answer a request, as quoted, checked and started."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.db.models import QuerySet

from budgets.models import Path
from connections.models import Connection
from connections.prompts import LabelPrompt
from runs.models import ArtifactKind, Run, RunKind, RunState
from runs.requests.inputs import FixedInputs, Inputs, RunRequest
from runs.requests.language_models import TeacherUnusable, is_language_model, language_model_of
from runs.requests.plan import WITHOUT_LABELS, RunPlan, trains
from runs.run_kinds import RUN_KINDS
from studies.editing import texts_of_labels
from studies.hashing import list_hash
from studies.models import Study
from training.spec import FINETUNE

CPU = "cpu"


@dataclass(frozen=True, kw_only=True)
class Teacher:
    """A checkpoint to be fine-tuned or to score as it is, or with `run`, what that run made of it.

    With a connection and its prompt it is a language model, which is asked.
    """

    model: dict[str, Any]
    run: Run | None = None
    connection: Connection | None = None
    prompt: LabelPrompt | None = None


@dataclass(frozen=True, kw_only=True)
class PlannedRun:
    """One run of a chain; `model` is None where it loads what the run before it trained from `base_model`."""

    kind: RunKind
    model: dict[str, Any] | None
    base_model: dict[str, Any]
    training: dict[str, Any]
    search: dict[str, Any] = field(default_factory=dict)
    distillation: dict[str, Any] = field(default_factory=dict)

    @property
    def loads_trained(self) -> bool:
        """Whether it only loads what an earlier run trained."""
        return self.kind == RunKind.SCORE and self.model is None

    @property
    def asks(self) -> bool:
        """Whether it asks a language model, and needs no device for that."""
        return is_language_model(self.model)

    @property
    def recipe(self) -> str:
        return str(self.training.get("recipe", FINETUNE))

    @property
    def reads_pool(self) -> bool:
        """Whether it may start from unlabelled texts of the pool."""
        return self.recipe != FINETUNE and not self.loads_trained

    @property
    def needs_labels(self) -> bool:
        """Whether it comes to nothing without labels; a student that is distilled has soft labels."""
        learns = self.kind != RunKind.DISTIL and not self.loads_trained and not self.asks
        return learns and self.recipe not in WITHOUT_LABELS


@dataclass(frozen=True, kw_only=True)
class Chain:
    """The runs of a request, each waiting for the one before it, and the first for the run that made its teacher."""

    request: RunRequest
    inputs: Inputs
    device: str
    teacher: Teacher | None = None
    runs: Sequence[PlannedRun]

    @property
    def study(self) -> Study:
        return self.request.study

    @property
    def plan(self) -> RunPlan:
        return self.request.plan

    @property
    def seed(self) -> int:
        return self.study.seed if self.plan.seed is None else self.plan.seed

    @property
    def student(self) -> dict[str, Any]:
        return self.runs[-1].base_model

    def device_of(self, run: PlannedRun) -> str:
        """The device that a run is billed for: a language model's answers are only stored here."""
        return CPU if run.asks else self.device

    @property
    def models(self) -> dict[str, dict[str, Any]]:
        """Checkpoints by role."""
        if self.plan.teacher_only and self.teacher:
            return {"teacher": self.teacher.model}
        loaded = {} if self.teacher is None or self.teacher.connection else {"teacher": self.teacher.model}
        return {"student": self.student, **loaded}


def _teacher_of(study: Study, plan: RunPlan, inputs: Inputs) -> Teacher:
    if plan.teacher_connection is not None:
        asked = language_model_of(study=study, plan=plan, inputs=inputs)
        return Teacher(model=asked.reference, connection=asked.connection, prompt=asked.prompt)
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


def chain_of(*, request: RunRequest, inputs: Inputs) -> Chain:
    """Plan the runs of a request; nothing is written. Raises: TeacherUnusable; PromptImpossible."""
    study, plan, has_dev = request.study, request.plan, inputs.num_dev > 0
    teacher = _teacher_of(study, plan, inputs) if request.path == Path.DISTIL else None
    is_trained = teacher is not None or trains(plan.recipe, num_labels=inputs.num_labels)
    student_model = plan.student_model(study.student_model)
    student = PlannedRun(
        kind=RunKind.DISTIL if teacher else RunKind.FINETUNE_STUDENT,
        model=student_model,
        base_model=student_model,
        training=plan.for_distilling() if teacher else plan.for_student(),
        search=plan.student_search(has_dev=has_dev, is_trained=is_trained),
        distillation=plan.distillation() if teacher else {},
    )
    before = _teacher_runs(plan, teacher, inputs) if teacher else []
    runs = before[:1] if teacher and plan.teacher_only else [*before, student]
    return Chain(request=request, inputs=inputs, device=settings.RUN_DEVICE, teacher=teacher, runs=runs)


def _teacher_runs(plan: RunPlan, teacher: Teacher, inputs: Inputs) -> list[PlannedRun]:
    """The teacher is fine-tuned, unless an earlier run did that or it is to score as it is, and scores."""
    model = teacher.model
    if teacher.connection is not None:
        return [PlannedRun(kind=RunKind.SCORE, model=model, base_model=model, training=plan.for_scoring())]
    if plan.untrained_teacher:
        return [PlannedRun(kind=RunKind.SCORE, model=model, base_model=model, training=plan.for_untrained_scoring())]
    trained = PlannedRun(
        kind=RunKind.FINETUNE_TEACHER,
        model=model,
        base_model=model,
        training=plan.for_teacher(),
        search=plan.teacher_search(
            has_dev=inputs.num_dev > 0, is_trained=trains(plan.recipe, num_labels=inputs.num_labels)
        ),
    )
    scored = PlannedRun(kind=RunKind.SCORE, model=None, base_model=model, training=plan.for_scoring())
    return [scored] if teacher.run else [trained, scored]


def request_key(*, chain: Chain, inputs: FixedInputs, run: PlannedRun, after: Run | None) -> str:
    """Hash of all that decides a run's result. The time limit does not: it only decides when there is one."""
    study, lists = chain.study, (inputs.snapshot, inputs.dev, inputs.test, inputs.unlabelled_of(run.kind))
    # Parts that came later are left out where empty, so that earlier requests keep their keys.
    further = {
        "search": run.search,
        "distillation": run.distillation,
        # A teacher that scores is calibrated on dev, where there is one.
        "calibration": {"on": "dev"} if RUN_KINDS[run.kind].scores and inputs.dev else {},
        "pool": {"texts": inputs.pool.content_hash} if run.reads_pool and inputs.pool else {},
        "label_texts": {} if run.loads_trained else texts_of_labels(study),
    }
    return list_hash(
        [
            (run.kind, study.task_type, study.labels, study.metric),
            tuple(rows.content_hash if rows else None for rows in lists),
            # The database keeps no order of keys, so a loaded model reference may have another than a fresh one.
            (sorted((run.model or {}).items()), sorted(run.training.items()), chain.seed, chain.device),
            (after.request_key,) if after else (),
            *((name, sorted(part.items())) for name, part in further.items() if part),
        ]
    )
