"""Building the chain of a request: one function for what is quoted, checked and started."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from django.conf import settings
from django.db.models import QuerySet

from budgets.models import Path
from config.refusals import Refusal
from planning.footprint import num_layer_parameters
from runs.checkpoints import shape_of
from runs.models import ArtifactKind, Run, RunKind, RunState
from runs.requests.chain import Chain, PlannedRun, Teacher
from runs.requests.inputs import Inputs, RunRequest
from runs.requests.language_models import TeacherUnusable, language_model_of
from runs.requests.plan import ONE_EACH, ONE_FOR_ALL, RunPlan, trains
from runs.requests.trainer_settings import (
    distillation,
    distilling_settings,
    scoring_settings,
    student_model,
    student_search,
    student_settings,
    teacher_search,
    teacher_settings,
    untrained_scoring_settings,
)
from runs.requests.work import work_of
from studies.models import Study
from training.spec import MAX_SEED, ON_POLICY

# A teacher for each seed is cheap up to so many times the compute of the runs with one.
MOST_TIMES = 2.0
_ONE_HOLDS = "Intervals leave out how teachers of other seeds differ."
_EACH_HOLD = "Intervals hold how teachers differ, too."


def _teacher_of(study: Study, plan: RunPlan, inputs: Inputs) -> Teacher:
    if plan.teacher_connection is not None:
        asked = language_model_of(study=study, plan=plan, inputs=inputs)
        return Teacher(model=asked.reference, connection=asked.connection, prompt=asked.prompt)
    if plan.teacher_run is None:
        return Teacher(model=student_model(plan, study.student_model) if plan.self_distil else study.teacher_model)
    run = finished_teachers(study).filter(pk=plan.teacher_run).first()
    if run is None:
        raise TeacherUnusable(
            f"{plan.teacher_run} is not a successful training run of “{study}”; only such a run can teach.",
            field="teacher",
        )
    if not run.artifact.path.is_dir():
        raise TeacherUnusable(
            f"the model of {run} is missing from the runs: {run.artifact.folder}. Choose another teacher.",
            field="teacher",
        )
    assert run.model is not None, f"{run} trained nothing"
    return Teacher(model=run.model, run=run)


def finished_teachers(study: Study) -> QuerySet[Run]:
    """Runs of a study whose models can teach, the latest first."""
    done = study.runs.filter(state=RunState.SUCCEEDED, artifact__kind__in=[ArtifactKind.TEACHER, ArtifactKind.STUDENT])
    return done.select_related("artifact", "snapshot").order_by("-pk")


def chain_of(*, request: RunRequest, inputs: Inputs) -> Chain:
    """Plan the runs of a request; nothing is written. Raises: TeacherUnusable; PromptImpossible; Refusal (seed)."""
    study, plan = request.study, request.plan
    teacher = _teacher_of(study, plan, inputs) if request.path == Path.DISTIL else None
    builder = _ChainBuilder(request=request, inputs=inputs, teacher=teacher)
    if builder.first_seed + plan.num_seeds - 1 > MAX_SEED:
        fault = f"{plan.num_seeds} seeds from {builder.first_seed} end above {MAX_SEED}. Give a smaller seed."
        raise Refusal(fault, field="seed")
    one = builder.chain(num_teachers=1)
    if teacher is None or not plan.teaches or plan.num_seeds == 1:
        return one
    if why := _why_one(one, teacher):
        return replace(one, teachers_why=f"One teacher for all {plan.num_seeds} seeds: {why}")
    each = builder.chain(num_teachers=plan.num_seeds)
    if plan.teacher_seeds == ONE_EACH:
        return replace(each, teachers_why=f"A teacher for each of {plan.num_seeds} seeds. {_EACH_HOLD}")
    return _where_cheap(one, each)


@dataclass(frozen=True, kw_only=True)
class _ChainBuilder:
    request: RunRequest
    inputs: Inputs
    teacher: Teacher | None

    @property
    def first_seed(self) -> int:
        plan = self.request.plan
        return self.request.study.seed if plan.seed is None else plan.seed

    def chain(self, *, num_teachers: int) -> Chain:
        """The runs with so many teachers, of the first seeds: each is made and scores, then one student learns."""
        runs: list[PlannedRun] = []
        scored: list[int] = []
        for place in range(num_teachers if self.teacher else 0):
            runs += self._teacher_runs(self.first_seed + place, len(runs))
            scored.append(len(runs) - 1)
        is_teacher_alone = self.teacher is not None and not self.request.plan.teaches
        runs = runs[:1] if is_teacher_alone else [*runs, self._student(tuple(scored))]
        return Chain(
            request=self.request, inputs=self.inputs, device=settings.RUN_DEVICE, teacher=self.teacher, runs=runs
        )

    def _student(self, after: tuple[int, ...]) -> PlannedRun:
        plan, is_distilled = self.request.plan, self.teacher is not None
        model = student_model(plan, self.request.study.student_model)
        is_trained = is_distilled or self._trains
        return PlannedRun(
            kind=RunKind.DISTIL if is_distilled else RunKind.FINETUNE_STUDENT,
            seed=self.first_seed,
            model=model,
            base_model=model,
            training=distilling_settings(plan) if is_distilled else student_settings(plan),
            search=student_search(plan, has_dev=self.inputs.num_dev > 0, is_trained=is_trained),
            distillation=distillation(plan) if is_distilled else {},
            after=after,
            asked_model=self.teacher.model if self.teacher and plan.distil_from == ON_POLICY else None,
        )

    def _teacher_runs(self, seed: int, place: int) -> list[PlannedRun]:
        """A teacher is fine-tuned, unless an earlier run did that or it is to score as it is, and scores."""
        assert self.teacher is not None
        plan, model = self.request.plan, self.teacher.model
        if self.teacher.connection is not None or plan.untrained_teacher:
            training = scoring_settings(plan) if self.teacher.connection else untrained_scoring_settings(plan)
            return [PlannedRun(kind=RunKind.SCORE, seed=seed, model=model, base_model=model, training=training)]
        scored = PlannedRun(
            kind=RunKind.SCORE, seed=seed, model=None, base_model=model, training=scoring_settings(plan)
        )
        if self.teacher.run is not None:
            return [scored]
        trained = PlannedRun(
            kind=RunKind.FINETUNE_TEACHER,
            seed=seed,
            model=model,
            base_model=model,
            training=teacher_settings(plan),
            search=teacher_search(plan, has_dev=self.inputs.num_dev > 0, is_trained=self._trains),
        )
        return [trained, replace(scored, after=(place,))]

    @property
    def _trains(self) -> bool:
        return trains(self.request.plan.recipe, num_labels=self.inputs.num_labels)


def _why_one(chain: Chain, teacher: Teacher) -> str:
    """Why several seeds have one teacher, whatever more would take; empty where each could have its own."""
    if teacher.connection is not None:
        return "no seed changes what a language model answers."
    if teacher.run is not None:
        return f"{teacher.run} is there already. {_ONE_HOLDS}"
    if not work_of(chain.runs[0], chain.inputs).num_learned:
        return "it is not trained, so that no seed changes it."
    return f"as requested. {_ONE_HOLDS}" if chain.plan.teacher_seeds == ONE_FOR_ALL else ""


def _where_cheap(one: Chain, each: Chain) -> Chain:
    """Each seed its own teacher where that at most doubles the compute of the runs, else one for all.

    Told from rows and weights alone, so that the same request has the same runs whatever has ended meanwhile.
    """
    num_seeds, sizes = each.plan.num_seeds, _sizes(one)
    if sizes is None:
        why = f"the size of {' or '.join(_names(one))} is not known here yet."
        return replace(one, teachers_why=f"One teacher for all {num_seeds} seeds: {why} {_ONE_HOLDS}")
    times = _compute(each, sizes) / _compute(one, sizes)
    text = f"with one for each the runs take {times:.1f} times the compute."
    if times > MOST_TIMES:
        return replace(one, teachers_why=f"One teacher for all {num_seeds} seeds: {text} {_ONE_HOLDS}")
    return replace(each, teachers_why=f"A teacher for each of {num_seeds} seeds: {text} {_EACH_HOLD}")


def _compute(chain: Chain, sizes: Mapping[str, int]) -> float:
    return sum(work_of(run, chain.inputs).rows * sizes[_key(run.base_model)] for run in chain.runs)


def _sizes(chain: Chain) -> dict[str, int] | None:
    """The weights behind the embeddings of each checkpoint of a chain; None where a size that counts is not known."""
    models = {_key(run.base_model): run.base_model for run in chain.runs}
    if len(models) == 1:
        return dict.fromkeys(models, 1)
    shapes = {key: shape_of(model) for key, model in models.items()}
    known = {key: shape for key, shape in shapes.items() if shape is not None}
    return {key: num_layer_parameters(shape) for key, shape in known.items()} if len(known) == len(models) else None


def _key(model: Mapping[str, Any]) -> str:
    return repr(sorted(model.items()))


def _names(chain: Chain) -> list[str]:
    return list(dict.fromkeys(str(run.base_model.get("name")) for run in chain.runs))
