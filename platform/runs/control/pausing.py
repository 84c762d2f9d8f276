"""Pausing a run, by a person or by a stop of its budget, and resuming it from its checkpoint."""

from django.db import transaction
from django.utils import timezone

from accounts.audit import record
from accounts.models import User
from accounts.permissions import Action, require
from budgets.models import BudgetStop
from config.refusals import Refusal
from runs.control.extending import RunOver, extend_automatically
from runs.execution import MOST_REASON, SECONDS_BEFORE_LIMIT, SECONDS_BEFORE_SHORT, enqueue, locked, notify_of_pause
from runs.models import Run, RunState
from runs.money import SECONDS_PER_MINUTE, seconds_left


class NothingToPause(Refusal):
    """Only what is queued or running can be paused."""


class OutOfMinutes(Refusal):
    """The run's minutes are used up; it resumes when it is given more."""


@transaction.atomic
def pause(*, actor: User, run: Run) -> Run:
    """Pause a run until a person resumes it.

    A running one saves a checkpoint, leaves within seconds and pays for what it used; the rest of its hold stays.
    Raises: Forbidden; RunOver; NothingToPause.
    """
    require(actor=actor, action=Action.CANCEL_RUN)
    ours = locked(run)
    if ours.is_ended or ours.cancel_requested_at is not None:
        raise RunOver(f"{ours} has ended or is being cancelled; there is nothing left to pause.")
    if ours.state == RunState.WAITING:
        raise NothingToPause(f"{ours} waits for an earlier run. Pause that one.")
    if ours.pause_requested_at is not None:
        return ours
    ours.pause_requested_at = timezone.now()
    ours.pause_reason = f"paused by {actor.email}"
    if ours.state == RunState.QUEUED:
        ours.state = RunState.PAUSED
    ours.save(update_fields=["pause_requested_at", "pause_reason", "state"])
    _record(actor, ours, "run.pause", paused=True)
    return ours


@transaction.atomic
def resume(*, actor: User, run: Run) -> Run:
    """Resume a run that a person paused, at once or as soon as its budget is not stopped.

    Raises: Forbidden; OutOfMinutes.
    """
    require(actor=actor, action=Action.START_RUN)
    ours = locked(run)
    if ours.is_ended or ours.pause_requested_at is None:
        return ours
    ours.pause_requested_at = None
    ours.save(update_fields=["pause_requested_at"])
    if ours.state == RunState.PAUSED and not ours.go_on and seconds_left(ours) <= SECONDS_BEFORE_LIMIT:
        raise OutOfMinutes(f"{ours} has used up its {_minutes(ours)} minutes. Give it more minutes first.")
    resume_if_possible(ours)
    _record(actor, ours, "run.resume", paused=False)
    return ours


def resume_if_possible(run: Run) -> None:
    """Queue a locked run that is paused, unless a person, a stop of its budget or a lack of minutes keeps it."""
    if run.state != RunState.PAUSED or run.pause_requested_at is not None:
        return
    if run.go_on and seconds_left(run) <= SECONDS_BEFORE_SHORT:
        run.max_seconds = extend_automatically(run_id=run.pk)
        run.study.budget.refresh_from_db()
    if run.study.budget.is_stopped:
        _save_reason(run, why_paused(run))
    elif seconds_left(run) > SECONDS_BEFORE_LIMIT:
        enqueue(run)
    elif not run.go_on and _save_reason(run, f"its {_minutes(run)} minutes are used up"):
        notify_of_pause(run)


def why_paused(run: Run) -> str:
    """By whom, or by what stop of its budget, a run is paused."""
    if run.pause_requested_at is not None:
        return run.pause_reason
    stop = BudgetStop.objects.filter(budget=run.study.budget_id).order_by("-started_at").first()
    return f"its budget is stopped: {stop.reason}" if stop else "its budget was stopped"


def _save_reason(run: Run, reason: str) -> bool:
    """Save the reason of a pause; return whether it changed."""
    if run.pause_reason == reason[:MOST_REASON]:
        return False
    run.pause_reason = reason[:MOST_REASON]
    run.save(update_fields=["pause_reason"])
    return True


def _minutes(run: Run) -> str:
    return f"{run.max_seconds / SECONDS_PER_MINUTE:g}"


def _record(actor: User, run: Run, action: str, *, paused: bool) -> None:
    record(
        actor=actor,
        action=action,
        subject=f"{run} of “{run.study}”",
        subject_id=run.pk,
        budget_id=run.study.budget_id,
        before={"paused": not paused},
        after={"paused": paused},
    )
