"""Recording the end of an attempt: state, bill, artifact and what follows for later runs, in one transaction."""

from dataclasses import asdict, dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from celery import current_app
from django.db import transaction
from django.utils import timezone

from budgets.ledger import release
from notices.operations import NoticeKind, notify
from runs.execution.artifacts import ResultUnusable, register
from runs.execution.leases import AttemptClaim, LeaseLost
from runs.execution.outcomes import AttemptOutcome
from runs.execution.queueing import enqueue
from runs.execution.run_folder import discard_leftovers
from runs.execution.usage import AttemptUsage, usage_text
from runs.models import Attempt, Ending, Run, RunState
from runs.money import bill
from studies.hashing import list_hash

RECOMMEND_TASK = "reports.tasks.recommend"
MOST_REASON = 300
_OUTCOME_LENGTH = 200
_MORE_MINUTES = "Give it more minutes on its page"
_PUT_RIGHT = "Put that right, then resume it on its page"
_HOW_TO_RESUME = {
    Ending.OUT_OF_TIME: _MORE_MINUTES,
    Ending.DISK_FULL: "Free disk space, then resume it on its page",
}


@dataclass(frozen=True, kw_only=True)
class AttemptEnd:
    """An attempt's end; `seconds` of the device, `result` as the trainer wrote it."""

    outcome: AttemptOutcome
    seconds: Decimal
    ended_at: datetime
    exit_code: int | None
    result: dict[str, Any] = field(default_factory=dict)
    usage: AttemptUsage = field(default_factory=AttemptUsage)


@transaction.atomic
def end_attempt(*, claim: AttemptClaim, end: AttemptEnd) -> Run:
    """Record an attempt's end under its lease. Raises: LeaseLost, and then nothing was recorded."""
    held = Run.objects.filter(pk=claim.run_id, lease_owner=claim.owner, state=RunState.RUNNING)
    run = held.select_for_update(no_key=True).first()
    if run is None:
        raise LeaseLost(f"run {claim.run_id} is no longer held by {claim.owner}")
    outcome = _registered(run, end.result, _as_requested_meanwhile(run, end.outcome))
    _record_attempt(run, claim, end, outcome)
    run.state = outcome.state
    run.lease_owner, run.lease_until = "", None
    if run.is_ended:
        _record_run_end(run, outcome)
    elif run.state == RunState.PAUSED:
        run.pause_reason = outcome.text[:MOST_REASON]
        if outcome.needs_person and run.pause_requested_at is None:
            run.pause_requested_at = timezone.now()
    run.save()
    if run.state == RunState.PAUSED and (outcome.needs_person or outcome.ending in _HOW_TO_RESUME):
        notify_of_pause(run, how_to_resume=_HOW_TO_RESUME.get(outcome.ending, _PUT_RIGHT))
    if outcome.state == RunState.SUCCEEDED:
        queue_ready_children(run)
    elif outcome.state == RunState.QUEUED:
        enqueue(run)
    return run


def _as_requested_meanwhile(run: Run, outcome: AttemptOutcome) -> AttemptOutcome:
    """A run whose cancel was requested does not resume; one whose pause was does not resume at once."""
    if outcome.state not in (RunState.QUEUED, RunState.PAUSED):
        return outcome
    if run.cancel_requested_at is not None:
        return AttemptOutcome(outcome.ending, RunState.CANCELLED, f"cancelled; {outcome.text}")
    if run.pause_requested_at is not None and outcome.state == RunState.QUEUED:
        return AttemptOutcome(outcome.ending, RunState.PAUSED, f"{run.pause_reason}; {outcome.text}")
    return outcome


def _registered(run: Run, result: dict[str, Any], outcome: AttemptOutcome) -> AttemptOutcome:
    """Register the artifact of a finished run. An unusable one fails it, since another attempt would end alike."""
    if outcome.state != RunState.SUCCEEDED:
        return outcome
    try:
        register(run=run, result=result)
    except ResultUnusable as error:
        return AttemptOutcome(Ending.FAILED, RunState.FAILED, str(error))
    return outcome


def _record_attempt(run: Run, claim: AttemptClaim, end: AttemptEnd, outcome: AttemptOutcome) -> None:
    attempt = Attempt.objects.get(pk=claim.attempt_id)
    attempt.run = run
    attempt.ended_at = end.ended_at
    attempt.exit_code = end.exit_code
    attempt.ending = outcome.ending
    attempt.outcome = outcome.text[:_OUTCOME_LENGTH]
    attempt.device_seconds = end.seconds
    attempt.max_seconds = run.max_seconds
    for name, value in asdict(end.usage).items():
        setattr(attempt, name, value)
    assert run.hold is not None
    is_last, used = outcome.state in RunState.ended(), usage_text(end.usage)
    attempt.entry = bill(attempt=attempt, hold=run.hold, ended_at=end.ended_at, close=is_last, used=used)
    attempt.save()


def request_recommendation(study_id: int) -> None:
    """Have a worker recommend a study's next tranche; one that is lost is asked for again by a look at the report.

    By name: the task is in reports, which read bills.
    """
    kwargs = {"study_id": study_id}
    transaction.on_commit(
        lambda: current_app.send_task(RECOMMEND_TASK, kwargs=kwargs, retry_policy={"max_retries": 1}), robust=True
    )


def _record_run_end(run: Run, outcome: AttemptOutcome) -> None:
    run.ended_at = timezone.now()
    run.error = outcome.text if outcome.ending != Ending.SUCCEEDED and outcome.state == RunState.FAILED else ""
    transaction.on_commit(lambda: discard_leftovers(run.folder), robust=True)
    request_recommendation(run.study_id)
    if run.state != RunState.SUCCEEDED:
        cancel_descendants(run, reason=f"{run} {run.get_state_display().lower()}")
    if run.state == RunState.FAILED:
        paid = "What it used is paid, the rest of its hold is free, and what waited for it alone is cancelled."
        notify(
            key=f"run:{run.pk}:failed",
            kind=NoticeKind.RUN_FAILED,
            title=f"{run} of “{run.study}” failed",
            body=f"{run.error}\n{paid}",
            path=f"/runs/{run.pk}/",
        )


def notify_of_pause(run: Run, *, how_to_resume: str = _MORE_MINUTES) -> None:
    """Notify managers that a run waits for one of them. A stop of its budget has a notice of its own."""
    notify(
        key=f"run:{run.pk}:paused:{run.attempts.count()}",
        kind=NoticeKind.RUN_PAUSED,
        title=f"{run} of “{run.study}” is paused",
        body=f"{run.pause_reason[:1].upper()}{run.pause_reason[1:]}. Its checkpoint and the rest of its hold are kept. "
        f"{how_to_resume}, and it resumes from its checkpoint; or cancel it.",
        path=f"/runs/{run.pk}/",
    )


def queue_ready_children(run: Run) -> None:
    for child in _locked(run.children.filter(state=RunState.WAITING)):
        if not child.parents.exclude(state=RunState.SUCCEEDED).exists():
            enqueue(child)


def cancel_descendants(run: Run, *, reason: str) -> None:
    """Cancel what can no longer start because this run gave no result; a student with other teachers goes on."""
    for child in _locked(run.children.filter(state=RunState.WAITING)):
        go_on_without(child, run, reason=reason)


def go_on_without(run: Run, parent: Run, *, reason: str) -> None:
    """Leave the seed of a parent that gave no result out of a locked waiting run; cancel it where none would be left.

    What that parent cost is in no bill of it from then on, and an equal request is no longer shared with it.
    """
    left = run.parents.exclude(pk=parent.pk)
    if not left.exists():
        cancel_unstarted(run, reason=reason)
        return
    run.parents.remove(parent)
    seeds = sorted(left.values_list("seed", flat=True))
    run.seed, run.search = seeds[0], {**run.search, "num_seeds": len(seeds)}
    run.left_out = [*run.left_out, {"seed": parent.seed, "because": reason}]
    run.request_key = list_hash([(run.request_key, "without", parent.pk)])
    run.save(update_fields=["seed", "search", "left_out", "request_key"])
    if not left.exclude(state=RunState.SUCCEEDED).exists():
        enqueue(run)


def cancel_unstarted(run: Run, *, reason: str) -> None:
    """End a locked run that no worker has at present, give its hold back, and cancel what waited for it."""
    run.state = RunState.CANCELLED
    run.error = reason
    run.ended_at = timezone.now()
    run.save(update_fields=["state", "error", "ended_at"])
    if run.hold is not None:
        release(hold=run.hold, reason=reason)
    transaction.on_commit(lambda: discard_leftovers(run.folder), robust=True)
    request_recommendation(run.study_id)
    cancel_descendants(run, reason=reason)


def _locked(runs: Any) -> list[Run]:
    return list(runs.select_for_update(no_key=True, of=("self",)).order_by("pk"))
