"""One step of an autopilot, as the schedule and each new recommendation ask for it."""

from typing import Any

from celery import current_app
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts.audit import record
from config.refusals import Refusal
from labeling.label_studio import connect, set_overlap_of
from labeling.models import Assignment, LabelingProject, Publication
from labeling.publishing import open_project, resume_batches
from notices.operations import NoticeKind, notify
from reports.autopilot.buying import AGENT, buy
from reports.autopilot.deciding import Decision, PeopleWork, Purchase, Stop, Wait, decide, view_of
from reports.models import Autopilot
from runs.execution import request_recommendation

STEP_TASK = "reports.tasks.step_autopilot"


def step(*, study_id: int) -> None:
    """Let a study's autopilot buy, wait or stop; nothing where it is off, or where another process is at it.

    May be repeated and killed anywhere: its row and its holds are written together, a batch that was held and not sent
    is sent by the next sync, and a run that was started and not queued by the next sweep.
    """
    found = _switched_on(study_id)
    if found is None:
        return
    try:
        _act(found)
    except Refusal as refusal:
        with transaction.atomic():
            locked = _locked(study_id)
            if locked is not None:
                _explain(locked, str(refusal))


def _act(found: Autopilot) -> None:
    """Label Studio is asked before and after the transaction, never within it: nothing waits for it under a lock."""
    first = decide(view_of(found))
    if not (isinstance(first, Purchase) and first.work):
        _take_step(found.study_id)
        return
    client = connect()
    project = open_project(study=found.study, client=client)
    _take_step(found.study_id, project=project)
    resume_batches(project=project, client=client)
    if first.work == PeopleWork.OPINIONS:
        asked = Publication.objects.filter(assignments__in=Assignment.objects.asking(), batch__project=project)
        set_overlap_of(project=project, client=client, publications=asked.distinct())


@transaction.atomic
def _take_step(study_id: int, *, project: LabelingProject | None = None) -> None:
    """Decide again with the autopilot's row locked, on what is so now, and do it."""
    autopilot = _locked(study_id)
    if autopilot is None:
        return
    view = view_of(autopilot)
    decision: Decision = decide(view)
    if isinstance(decision, Purchase):
        buy(view, decision, project=project)
        _explain(autopilot, "")
    elif isinstance(decision, Stop):
        _stop(autopilot, decision)
    else:
        _wait(autopilot, decision)


def _switched_on(study_id: int) -> Autopilot | None:
    found = Autopilot.objects.filter(study=study_id, is_on=True)
    return found.select_related("acts_for", "study__budget__price_book").first()


def _locked(study_id: int) -> Autopilot | None:
    """The locked row; None where it is off, or where another process has it."""
    rows = Autopilot.objects.select_for_update(no_key=True, skip_locked=True, of=("self",))
    return rows.filter(study=study_id, is_on=True).select_related("acts_for", "study__budget__price_book").first()


def _wait(autopilot: Autopilot, decision: Wait) -> None:
    _explain(autopilot, decision.reason)
    if decision.is_stale:
        request_recommendation(autopilot.study_id)


def _stop(autopilot: Autopilot, decision: Stop) -> None:
    autopilot.is_on = False
    _explain(autopilot, decision.reason)
    study = autopilot.study
    record(
        actor=autopilot.acts_for,
        action="autopilot.stop",
        subject=str(autopilot),
        subject_id=autopilot.pk,
        budget_id=study.budget_id,
        before={"on": True},
        after={"on": False, "reason": decision.reason, "by": AGENT},
    )
    notify(
        key=f"autopilot:{autopilot.pk}:stopped:{autopilot.on_since.isoformat()}",
        kind=NoticeKind.AUTOPILOT_STOPPED,
        title=f"The autopilot of “{study}” has stopped",
        body=f"{decision.reason}\nIt buys nothing until somebody switches it on again. What it started goes on.",
        path=f"/studies/{study.pk}/autopilot/",
    )


def _explain(autopilot: Autopilot, reason: str) -> None:
    """Keep a reason, and since when it is the reason."""
    if reason != autopilot.reason:
        autopilot.reason, autopilot.reason_at = reason, timezone.now()
    autopilot.save(update_fields=["is_on", "reason", "reason_at"])


def request_step(study_id: int) -> None:
    """Have a worker take a step once the transaction is in, where the autopilot is on; the schedule makes up for it."""
    if Autopilot.objects.filter(study=study_id, is_on=True).exists():
        transaction.on_commit(lambda: _send(study_id), robust=True)


def request_steps() -> None:
    """The same for every autopilot that is on; a message expires when the schedule sends the next."""
    for study_id in Autopilot.objects.filter(is_on=True).order_by("pk").values_list("study_id", flat=True):
        _send(study_id, expires=settings.AUTOPILOT_SECONDS)


def _send(study_id: int, **options: Any) -> None:
    current_app.send_task(STEP_TASK, kwargs={"study_id": study_id}, retry_policy={"max_retries": 1}, **options)
