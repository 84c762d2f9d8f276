"""Starting runs: everything is checked, fixed and held for in one transaction, or nothing is left behind."""

from collections.abc import Sequence

from django.conf import settings
from django.db import transaction

from accounts.audit import record
from accounts.models import User
from accounts.permissions import Action, require
from budgets.models import Path, Price
from budgets.money import ZERO
from config.refusals import Refusal
from runs.execution import enqueue
from runs.models import Run, RunKind, RunState
from runs.money import hold_worst_case
from runs.preflight import check_model, preflight_of, refuse, require_licence
from runs.requests import (
    Asked,
    Inputs,
    RunPlan,
    RunRequest,
    Teacher,
    check_count,
    device_price,
    estimate_of,
    fix_inputs,
    teacher_of,
)
from studies.editing import freeze_test
from studies.models import Study


class StillCancelling(Refusal):
    """An equal run is being cancelled; it can be requested again once that is done."""


def start_annotate(*, actor: User, study: Study, num_labels: int | None = None, plan: RunPlan | None = None) -> Run:
    """Fine-tune the student on the first labels of the pool.

    Parameters: `num_labels` >= 1 in rank order, None for all; `plan` the settings, None for the defaults.
    Returns: the run, queued; an equal one that is under way or done is shared.
    Raises: Forbidden; ModelUnusable; NotEnoughLabels; NothingToMeasure; PreflightRefused; PriceMissing;
    WorstCaseDoesNotFit (a BudgetExceeded that says what would fit); BudgetStopped; StillCancelling; ValueError
    (num_labels).
    """
    require(actor=actor, action=Action.START_RUN)
    check_count("labels", num_labels)
    check_model(reference=study.student_model, role="student")
    plan = plan or RunPlan()
    with transaction.atomic():
        chain = _Chain(actor=actor, study=study, plan=plan, path=Path.ANNOTATE)
        inputs = fix_inputs(study=study, num_labels=num_labels)
        refuse(preflight_of(study=study, inputs=inputs, plan=plan, device=chain.device))
        run = chain.add(
            RunKind.FINETUNE_STUDENT,
            inputs,
            Asked(
                model=plan.student_model(study.student_model),
                training=plan.for_student(),
                search=plan.student_search(has_dev=inputs.dev is not None),
            ),
        )
        chain.commit(wanted=run)
    return run


def start_distil(
    *,
    actor: User,
    study: Study,
    num_labels: int | None = None,
    num_unlabelled: int,
    plan: RunPlan | None = None,
    licence_confirmed: bool = False,
) -> Run:
    """Fine-tune a teacher on the first labels, let it score unlabelled examples, distil the student from that.

    The teacher scores its own training rows too, so that the student sees them as well. Where the plan has gold epochs,
    the student is then trained on the labels alone.

    Parameters: `num_labels` as in start_annotate; `num_unlabelled` >= 1 pool examples outside the snapshot, by rank;
    `licence_confirmed` whether the actor says that the teacher's licence lets its outputs train other models, which is
    kept where nobody has said so yet.
    Returns: the last run of the chain; runs that an earlier request made are shared, and so is their cost.
    Raises: as start_annotate; NotEnoughExamples; TeacherUnusable; OutputsMayNotTrain; LicenceUnconfirmed; ValueError
    (num_unlabelled).
    """
    require(actor=actor, action=Action.START_RUN)
    check_count("labels", num_labels)
    check_count("unlabelled examples", num_unlabelled)
    plan = plan or RunPlan()
    teacher = teacher_of(study=study, plan=plan)
    check_model(reference=study.student_model, role="student")
    check_model(reference=teacher.model, role="teacher")
    with transaction.atomic():
        chain = _Chain(actor=actor, study=study, plan=plan, path=Path.DISTIL)
        require_licence(actor=actor, reference=teacher.model, confirmed=licence_confirmed)
        inputs = fix_inputs(study=study, num_labels=num_labels, num_unlabelled=num_unlabelled)
        refuse(preflight_of(study=study, inputs=inputs, plan=plan, device=chain.device, teacher=teacher))
        run = _add_distil_chain(chain, inputs, teacher)
        chain.commit(wanted=run)
    return run


def _add_distil_chain(chain: "_Chain", inputs: Inputs, teacher: Teacher) -> Run:
    plan, has_dev = chain.plan, inputs.dev is not None
    trained = teacher.run or _add_teacher(chain, inputs, teacher)
    scored = chain.add(RunKind.SCORE, inputs, Asked(model=None, training=plan.for_scoring()), parents=[trained])
    student = Asked(
        model=plan.student_model(chain.study.student_model),
        training=plan.for_distilling(),
        search=plan.student_search(has_dev=has_dev),
        distillation=plan.distillation(),
    )
    return chain.add(RunKind.DISTIL, inputs, student, parents=[scored])


def _add_teacher(chain: "_Chain", inputs: Inputs, teacher: Teacher) -> Run:
    labels_only = Inputs(snapshot=inputs.snapshot, dev=inputs.dev, test=inputs.test)
    search = chain.plan.teacher_search(has_dev=inputs.dev is not None)
    asked = Asked(model=teacher.model, training=chain.plan.for_teacher(), search=search)
    return chain.add(RunKind.FINETUNE_TEACHER, labels_only, asked)


class _Chain:
    """The runs of one request, made inside one transaction."""

    def __init__(self, *, actor: User, study: Study, plan: RunPlan, path: Path) -> None:
        self.actor = actor
        self.study = study
        self.plan = plan
        self.path = path
        self.device = settings.RUN_DEVICE
        self.new: list[Run] = []
        self.reused: list[Run] = []

    def add(self, kind: RunKind, inputs: Inputs, asked: Asked, *, parents: Sequence[Run] = ()) -> Run:
        request = RunRequest(
            study=self.study,
            kind=kind,
            path=self.path,
            inputs=inputs,
            asked=asked,
            seed=self.study.seed if self.plan.seed is None else self.plan.seed,
            device=self.device,
            max_seconds=self.plan.max_seconds,
            go_on=self.plan.go_on,
            parents=parents,
        )
        run, is_new = _ensure_run(request, self.actor)
        (self.new if is_new else self.reused).append(run)
        return run

    def commit(self, *, wanted: Run) -> None:
        """Hold the worst case of every new run; then queue those that wait for nothing.

        Parameters: `wanted` the requested run, the last of the chain.
        Raises: PriceMissing; WorstCaseDoesNotFit, for the whole chain at once; BudgetStopped.
        """
        freeze_test(actor=self.actor, study=self.study)
        price = device_price(self.study)
        hold_worst_case(budget=self.study.budget, runs=self.new, price=price, path=self.path)
        self._estimate(price)
        for run in self.new:
            if run.state == RunState.QUEUED:
                enqueue(run)
        self._record(wanted)
        wanted.queued_runs, wanted.reused_runs = tuple(self.new), tuple(self.reused)

    def _record(self, wanted: Run) -> None:
        """Write down who started it; a request that shares what is there starts nothing."""
        if not self.new:
            return
        record(
            actor=self.actor,
            action="run.start",
            subject=f"{wanted} of “{self.study}”",
            subject_id=wanted.pk,
            budget_id=self.study.budget_id,
            before={},
            after={
                "path": wanted.path,
                "new_runs": [str(run) for run in self.new],
                "labels": wanted.snapshot.num_examples if wanted.snapshot else 0,
                "unlabelled_examples": wanted.num_unlabelled,
                "search": wanted.search,
                "distillation": wanted.distillation,
                "device": self.device,
                "max_minutes": self.plan.max_minutes,
                "go_on": self.plan.go_on,
                "held": sum((run.hold.amount for run in self.new if run.hold), ZERO),
            },
        )

    def _estimate(self, price: Price) -> None:
        for run in self.new:
            run.estimate = estimate_of(run=run, price=price)
            run.save(update_fields=["estimate"])


def what_was_started(run: Run) -> str:
    """Say which runs a request queued, and which identical ones it reuses. Parameters: `run` as the request gave it."""
    if not run.queued_runs:
        return f"An identical run exists; reusing it: {run} ({run.get_state_display().lower()})."
    said = f"Run{'s' if len(run.queued_runs) > 1 else ''} queued: {_listed(run.queued_runs)}."
    if not run.reused_runs:
        return said
    several = len(run.reused_runs) > 1
    identical = "Identical runs exist; reusing them" if several else "An identical run exists; reusing it"
    return f"{said} {identical}: {_listed(run.reused_runs)}."


def _listed(runs: Sequence[Run]) -> str:
    return ", ".join(str(run) for run in runs)


def _ensure_run(request: RunRequest, actor: User) -> tuple[Run, bool]:
    live = Run.objects.exclude(state__in=[RunState.FAILED, RunState.CANCELLED])
    ready = all(parent.state == RunState.SUCCEEDED for parent in request.parents)
    run, is_new = live.get_or_create(
        study=request.study,
        request_key=request.request_key,
        defaults={
            "kind": request.kind,
            "path": request.path,
            "state": RunState.QUEUED if ready else RunState.WAITING,
            "snapshot": request.inputs.snapshot,
            "dev": request.inputs.dev,
            "test": request.inputs.test,
            "unlabelled": request.inputs.unlabelled,
            "num_unlabelled": request.inputs.unlabelled.num_rows if request.inputs.unlabelled else 0,
            "model": request.asked.model,
            "training": request.asked.training,
            "search": request.asked.search,
            "distillation": request.asked.distillation,
            "seed": request.seed,
            "device": request.device,
            "max_seconds": request.max_seconds,
            "go_on": request.go_on,
            "created_by": actor,
        },
    )
    # One that ended well at the moment of its cancel is as good as any other.
    if run.cancel_requested_at is not None and not run.is_ended:
        raise StillCancelling(f"{run} is the same and is being cancelled. Ask again in a few seconds.")
    if is_new:
        run.parents.set(request.parents)
    return run, is_new
