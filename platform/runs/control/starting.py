"""Starting runs: everything is checked, fixed and held for in one transaction, or nothing is left behind."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from accounts.audit import record
from accounts.models import User
from accounts.permissions import Action, require
from budgets.models import Path
from budgets.money import ZERO
from config.refusals import Refusal
from runs.execution import check_parents, enqueue
from runs.models import Run, RunState
from runs.money import hold_worst_case
from runs.preflight import preflight, refuse, require_licence
from runs.requests import (
    Chain,
    ChainEstimate,
    FixedInputs,
    PlannedRun,
    RunPlan,
    RunRequest,
    chain_of,
    device_price,
    estimate_runs,
    estimate_to_json,
    fix_inputs,
    keep_prompt,
    request_key,
)
from studies.editing import freeze_test, texts_of_labels
from studies.models import Study


class StillCancelling(Refusal):
    """An equal run is being cancelled; it can be requested again once that is done."""


@dataclass(frozen=True, kw_only=True)
class StartedRuns:
    new: Sequence[Run]
    reused: Sequence[Run]
    last: Run

    def __str__(self) -> str:
        if not self.new:
            return f"An identical run exists; reusing it: {self.last} ({self.last.get_state_display().lower()})."
        queued = f"Run{'s' if len(self.new) > 1 else ''} queued: {_listed(self.new)}."
        if not self.reused:
            return queued
        several = len(self.reused) > 1
        identical = "Identical runs exist; reusing them" if several else "An identical run exists; reusing it"
        return f"{queued} {identical}: {_listed(self.reused)}."


def start_annotate(*, actor: User, study: Study, num_labels: int | None = None, plan: RunPlan | None = None) -> Run:
    request = RunRequest(study=study, path=Path.ANNOTATE, plan=plan or RunPlan(), num_labels=num_labels)
    return start_runs(actor=actor, request=request).last


def start_distil(
    *,
    actor: User,
    study: Study,
    num_labels: int | None = None,
    num_unlabelled: int,
    plan: RunPlan | None = None,
    licence_confirmed: bool = False,
) -> Run:
    """Fine-tune a teacher, score with it, distil the student; returns the last run."""
    request = RunRequest(
        study=study, path=Path.DISTIL, plan=plan or RunPlan(), num_labels=num_labels, num_unlabelled=num_unlabelled
    )
    return start_runs(actor=actor, request=request, licence_confirmed=licence_confirmed).last


@transaction.atomic
def start_all(
    *, actor: User, requests: Sequence[RunRequest], licence_confirmed: bool = False, agent: str = ""
) -> Sequence[StartedRuns]:
    """Start the runs of several requests, in order: of all of them, or of none. Raises: as `start_runs`."""
    return [start_runs(actor=actor, request=one, licence_confirmed=licence_confirmed, agent=agent) for one in requests]


@transaction.atomic
def start_runs(*, actor: User, request: RunRequest, licence_confirmed: bool = False, agent: str = "") -> StartedRuns:
    """Start the runs of a request: fix its rows, check it, hold its worst case, queue what waits for nothing.

    A run that an equal request made, under way or done, is shared, and so is its cost. With `licence_confirmed` the
    actor states that the teacher's outputs may train other models. `agent` names what acts for the actor, if any.
    Raises: Forbidden; NotEnoughLabels; NothingToMeasure; NotEnoughExamples; TeacherUnusable; OutputsMayNotTrain;
    LicenceUnconfirmed; PromptImpossible; PreflightRefused; PriceMissing; WorstCaseDoesNotFit; BudgetStopped;
    StillCancelling; ParentArtifactMissing; Refusal.
    """
    require(actor=actor, action=Action.START_RUN)
    study = request.study
    inputs = fix_inputs(request)
    chain = chain_of(request=request, inputs=inputs)
    # What a model scores for people to label trains no other model.
    if chain.teacher is not None and not chain.plan.score_only:
        require_licence(actor=actor, reference=chain.teacher.model, confirmed=licence_confirmed)
    refuse(preflight(chain))
    price = device_price(study)
    started = _save(chain, inputs, actor, estimate_runs(chain=chain, price=price))
    freeze_test(actor=actor, study=study)
    for device in sorted({run.device for run in started.new}):
        runs = [run for run in started.new if run.device == device]
        hold_worst_case(budget=study.budget, runs=runs, price=device_price(study, device), path=request.path)
    for run in started.new:
        if run.state == RunState.QUEUED:
            enqueue(run)
    if started.new:
        _record(actor, chain, started, agent)
    return started


def _save(chain: Chain, inputs: FixedInputs, actor: User, estimate: ChainEstimate) -> StartedRuns:
    if chain.teacher and chain.teacher.prompt:
        keep_prompt(chain.teacher.prompt)
    new: list[Run] = []
    reused: list[Run] = []
    runs: list[Run] = []
    for planned, estimated in zip(chain.runs, estimate.runs, strict=True):
        values = {"created_by": actor, "estimate": estimate_to_json(estimated.estimate)}
        run, is_new = _get_or_create(chain, inputs, planned, _parents(chain, planned, runs), values)
        runs.append(run)
        (new if is_new else reused).append(run)
    return StartedRuns(new=new, reused=reused, last=runs[-1])


def _parents(chain: Chain, planned: PlannedRun, before: Sequence[Run]) -> list[Run]:
    """The runs that one waits for: of the chain, or the one of earlier that made its teacher."""
    if planned.loads_trained and chain.teacher and chain.teacher.run:
        return [chain.teacher.run]
    return [before[place] for place in planned.after]


def _get_or_create(
    chain: Chain, inputs: FixedInputs, planned: PlannedRun, parents: Sequence[Run], values: dict[str, Any]
) -> tuple[Run, bool]:
    live = Run.objects.exclude(state__in=[RunState.FAILED, RunState.CANCELLED])
    unlabelled = inputs.unlabelled_of(planned.kind)
    run, is_new = live.get_or_create(
        study=chain.study,
        request_key=request_key(chain=chain, inputs=inputs, run=planned, parents=parents),
        defaults={
            **values,
            "kind": planned.kind,
            "path": chain.request.path,
            "state": RunState.QUEUED if all(one.state == RunState.SUCCEEDED for one in parents) else RunState.WAITING,
            "snapshot": inputs.snapshot,
            "dev": inputs.dev,
            "test": inputs.test,
            "unlabelled": unlabelled,
            "num_unlabelled": unlabelled.num_examples if unlabelled else 0,
            "pool": inputs.pool if planned.reads_pool else None,
            "label_texts": {} if planned.loads_trained else texts_of_labels(chain.study),
            **{name: getattr(planned, name) for name in ("model", "training", "search", "distillation")},
            "seed": planned.seed,
            "device": chain.device_of(planned),
            "max_seconds": chain.plan.max_seconds,
            "go_on": chain.plan.go_on,
        },
    )
    # One that succeeded while it was being cancelled is as good as any other.
    if run.cancel_requested_at is not None and not run.is_ended:
        raise StillCancelling(f"{run} is the same and is being cancelled. Ask again in a few seconds.")
    if is_new:
        run.parents.add(*parents)
        check_parents(run)
    return run, is_new


def _record(actor: User, chain: Chain, started: StartedRuns, agent: str) -> None:
    last = started.last
    record(
        actor=actor,
        action="run.start",
        subject=f"{last} of “{chain.study}”",
        subject_id=last.pk,
        budget_id=chain.study.budget_id,
        before={},
        after={
            "path": last.path,
            "new_runs": [str(run) for run in started.new],
            "labels": chain.inputs.num_labels,
            "unlabelled_examples": last.num_unlabelled,
            "search": last.search,
            "distillation": last.distillation,
            **({"teachers": chain.num_teachers} if chain.num_teachers > 1 else {}),
            "device": chain.device,
            "max_minutes": chain.plan.max_minutes,
            "go_on": chain.plan.go_on,
            "held": sum((run.hold.amount for run in started.new if run.hold), ZERO),
            **({"by": agent} if agent else {}),
        },
    )


def _listed(runs: Sequence[Run]) -> str:
    return ", ".join(str(run) for run in runs)
