"""Labelling jobs: what a language model would be asked, at which cost, and having a worker ask it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from celery import current_app
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from accounts.audit import record
from accounts.models import User
from accounts.permissions import Action, require
from budgets.cost_kinds import CostKind
from budgets.ledger import BudgetStopped, headroom
from budgets.models import Budget, Path
from budgets.money import amount_text
from config.refusals import Refusal
from connections.buying import Purchase
from connections.estimates import TokenEstimate, estimate_answers
from connections.models import Outputs
from runs.models import LabelingJob
from runs.requests import (
    LanguageModel,
    RunRequest,
    count_inputs,
    keep_prompt,
    language_model_of,
    prompt_of_version,
    settings_of_prompt,
)
from studies.labels import lock_examples
from studies.models import Example, Split, Study
from studies.queries import gold

TASK = "runs.tasks.carry_out_labeling_job"
NUM_PREVIEWED = 5
# A job names its examples.
MOST_LABELLED = 100_000
_MOST_SAMPLED = 400
Purpose: TypeAlias = LabelingJob.Purpose
State: TypeAlias = LabelingJob.State


class LabelingJobImpossible(Refusal):
    """Nothing can be asked: there is no example, no price, or no money; the message says which."""


@dataclass(frozen=True, kw_only=True)
class LabelingJobQuote:
    """What would be asked, and what it will cost; answers that are there cost nothing."""

    request: RunRequest
    purpose: Purpose
    language_model: LanguageModel
    example_ids: Sequence[int]
    first: Mapping[str, str] | None
    tokens: TokenEstimate

    @property
    def fault(self) -> str:
        """Why it cannot be asked; empty where it can."""
        budget = Budget.objects.get(pk=self.request.study.budget_id)
        if not self.example_ids:
            return "The pool has no example without a label that waits for none. Import some."
        if self.purpose == Purpose.LABELS and self.language_model.connection.outputs != Outputs.MAY_TRAIN:
            return (
                f"Labels train models, and the terms of the connection {self.language_model.connection} are not stated "
                "to let its outputs do that. An admin reads them and states it on the connection's page."
            )
        if self.tokens.fault:
            return f"{self.tokens.fault} An admin sets it on the prices page."
        if budget.is_stopped:
            return str(BudgetStopped(budget))
        kinds = (CostKind.INPUT_TOKENS, CostKind.OUTPUT_TOKENS)
        left = min(headroom(budget=budget, path=path_of(self.purpose), kind=kind) for kind in kinds)
        assert self.tokens.most_of_one is not None
        if self.tokens.most_of_one > left:
            return f"Only {amount_text(left)} {budget.currency} is left: not one answer could be held for."
        return ""


def quote_labeling_job(*, request: RunRequest, purpose: Purpose) -> LabelingJobQuote:
    """Say what would be asked for a request whose teacher is a language model, and what it will cost.

    A preview asks for the first examples that a run of this request would ask for; for labels, those are asked for that
    have no label and wait for none, as many as the request has unlabelled ones.
    Raises: TeacherUnusable; PromptVersionNotFound; PromptImpossible; LabelingJobImpossible (too many labels, or none).
    """
    study = request.study
    if purpose == Purpose.LABELS and not 1 <= request.num_unlabelled <= MOST_LABELLED:
        raise LabelingJobImpossible(f"{request.num_unlabelled:,} examples: a job is for 1 to {MOST_LABELLED:,}.")
    asked = language_model_of(study=study, plan=request.plan, inputs=count_inputs(request))
    ids = list(_WANTED[purpose](request).values_list("pk", flat=True))
    rows = [fields for _, fields in rows_of(study, ids[:_MOST_SAMPLED])]
    tokens = estimate_answers(
        budget=study.budget, connection=asked.connection, prompt=asked.prompt, rows=rows, num_answers=len(ids)
    )
    return LabelingJobQuote(
        request=request,
        purpose=purpose,
        language_model=asked,
        example_ids=ids,
        first=rows[0] if rows else None,
        tokens=tokens,
    )


@transaction.atomic
def start_labeling_job(
    *, actor: User, request: RunRequest, purpose: Purpose, shown: LabelingJobQuote | None = None
) -> LabelingJob:
    """Have a worker ask. Each batch of requests is held for before it is sent, and settled at what it used.

    Parameters: `shown` is the quote that the person saw: a form that is sent twice at once starts one job for labels.
    Raises: Forbidden; TeacherUnusable; PromptVersionNotFound; PromptImpossible; LabelingJobImpossible.
    """
    require(actor=actor, action=Action.ASK_LANGUAGE_MODEL)
    # Two jobs at once do not ask for labels of the same examples.
    Study.objects.select_for_update(no_key=True).get(pk=request.study.pk)
    if shown is not None and (started := _started(actor, shown)):
        return started
    quote = quote_labeling_job(request=request, purpose=purpose)
    if quote.fault:
        raise LabelingJobImpossible(quote.fault)
    asked = quote.language_model
    made = LabelingJob.objects.create(
        study=request.study,
        purpose=purpose,
        connection=asked.connection,
        prompt=keep_prompt(asked.prompt),
        version=asked.version,
        plan={name: getattr(request.plan, name) for name in settings_of_prompt(request.study.definition)},
        example_ids=quote.example_ids,
        asked_by=actor,
    )
    if purpose == Purpose.LABELS:
        _claim(made)
    _record(actor, made, "labeling_job.start", {"connection": str(made.connection), "examples": len(made.example_ids)})
    # Robust: a broker that is down must not fail the request.
    transaction.on_commit(lambda: enqueue(made), robust=True)
    return made


@transaction.atomic
def stop_labeling_job(*, actor: User, job: LabelingJob) -> LabelingJob:
    """Ask for nothing more; what is in flight is waited for and paid. Raises: Forbidden; LabelingJobImpossible."""
    require(actor=actor, action=Action.ASK_LANGUAGE_MODEL)
    changed = _change(job, (State.WAITING, State.WORKING, State.PAUSED), "it has ended already")
    changed.state, changed.ended_at = State.STOPPED, timezone.now()
    changed.save(update_fields=["state", "ended_at"])
    _record(actor, changed, "labeling_job.stop", {"done": changed.num_done})
    # A worker frees its examples, once none of them is being asked about.
    transaction.on_commit(lambda: enqueue(changed), robust=True)
    return changed


@transaction.atomic
def resume_labeling_job(*, actor: User, job: LabelingJob) -> LabelingJob:
    """Go on with what is paused. Raises: Forbidden; LabelingJobImpossible; BudgetStopped."""
    require(actor=actor, action=Action.ASK_LANGUAGE_MODEL)
    changed = _change(job, (State.PAUSED,), "it is not paused")
    if changed.study.budget.is_stopped:
        raise BudgetStopped(changed.study.budget)
    changed.state, changed.reason, changed.num_attempts = State.WAITING, "", 0
    changed.save(update_fields=["state", "reason", "num_attempts"])
    _record(actor, changed, "labeling_job.resume", {"done": changed.num_done})
    transaction.on_commit(lambda: enqueue(changed), robust=True)
    return changed


def enqueue(job: LabelingJob) -> None:
    current_app.send_task(TASK, kwargs={"job_id": job.pk}, retry_policy={"max_retries": 1})


def purchase_of(job: LabelingJob) -> Purchase:
    return Purchase(
        connection=job.connection,
        prompt=prompt_of_version(job.prompt_id),
        budget=job.study.budget,
        path=path_of(Purpose(job.purpose)),
        work_key=job.source_key,
    )


def path_of(purpose: Purpose) -> Path:
    """What its answers are paid on: a preview is of what a distillation asks for."""
    return {Purpose.PREVIEW: Path.DISTIL, Purpose.LABELS: Path.ANNOTATE}[purpose]


def rows_of(study: Study, ids: Sequence[int]) -> list[tuple[Example, dict[str, str]]]:
    """Examples in this order, each with the fields that are sent; those whose import was undone are left out."""
    names = study.definition.input_fields
    found = Example.objects.in_bulk(ids)
    return [(found[pk], {name: found[pk].fields[name] for name in names}) for pk in ids if pk in found]


def _previewed(request: RunRequest) -> QuerySet[Example]:
    """The first examples of the pool that are not among the labels of a request, as a run of it takes them."""
    pool = request.study.examples.filter(split=Split.POOL)
    labels = gold(request.study, Split.POOL).values("pk")[: request.num_labels]
    return pool.exclude(pk__in=labels).order_by("rank")[:NUM_PREVIEWED]


def _to_label(request: RunRequest) -> QuerySet[Example]:
    """The first examples of the pool that have no label, and that neither a person nor another job is to label."""
    return _free_to_label(request.study).order_by("rank")[: request.num_unlabelled]


def _free_to_label(study: Study) -> QuerySet[Example]:
    return study.examples.filter(split=Split.POOL, label__isnull=True, publication__isnull=True, labeling_job="")


def _started(actor: User, shown: LabelingJobQuote) -> LabelingJob | None:
    """The job for labels that a person had of this very quote: no other is for the same examples."""
    theirs = shown.request.study.labeling_jobs.filter(
        purpose=Purpose.LABELS, asked_by=actor, state__in=LabelingJob.ACTIVE
    )
    return theirs.filter(example_ids=list(shown.example_ids)).first() if shown.purpose == Purpose.LABELS else None


def _claim(job: LabelingJob) -> None:
    """Keep the examples of a job for it, until it is over, so that people are not given the same.

    Raises: LabelingJobImpossible (some were published since they were chosen).
    """
    lock_examples(job.example_ids)
    num_free = _free_to_label(job.study).filter(pk__in=job.example_ids).count()
    if num_free < len(job.example_ids):
        num_gone = len(job.example_ids) - num_free
        raise LabelingJobImpossible(
            f"{num_gone:,} of {len(job.example_ids):,} examples were given to people, or got a label, just now. "
            "Nothing was started; start again for what is left."
        )
    Example.objects.filter(pk__in=job.example_ids).update(labeling_job=job.source_key)


_WANTED = {Purpose.PREVIEW: _previewed, Purpose.LABELS: _to_label}


def _change(job: LabelingJob, states: Sequence[State], why_not: str) -> LabelingJob:
    ours = LabelingJob.objects.select_for_update(of=("self",)).select_related("study__budget").get(pk=job.pk)
    if ours.state not in states:
        raise LabelingJobImpossible(f"{ours}: {why_not}.")
    return ours


def _record(actor: User, job: LabelingJob, action: str, after: dict[str, Any]) -> None:
    study = job.study
    subject = f"{job} of “{study}”"
    record(
        actor=actor,
        action=action,
        subject=subject,
        subject_id=job.pk,
        budget_id=study.budget_id,
        before={},
        after=after,
    )
