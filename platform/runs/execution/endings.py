"""Recording the end of an attempt: state, bill, artifact and what follows for later runs, in one transaction."""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils import timezone

from budgets.ledger import release
from notices.operations import NoticeKind, notify
from runs.execution.artifacts import ResultUnusable, register
from runs.execution.leases import Claim, LeaseLost
from runs.execution.outcomes import Verdict
from runs.execution.queueing import enqueue
from runs.execution.run_folder import discard_leftovers
from runs.execution.usage import Usage, in_words
from runs.models import Attempt, Ending, Run, RunState
from runs.money import bill

MOST_REASON = 300
_OUTCOME_LENGTH = 200
_MORE_MINUTES = "Give it more minutes on its page"
_HOW_TO_GO_ON = {
    Ending.OUT_OF_TIME: _MORE_MINUTES,
    Ending.DISK_FULL: "Make room on the disk, then resume it on its page",
}


@dataclass(frozen=True, kw_only=True)
class AttemptEnd:
    """An attempt's end: the verdict, the device seconds and what else it used, and the trainer's result, if any."""

    verdict: Verdict
    seconds: Decimal
    ended_at: datetime
    exit_code: int | None
    result: dict[str, Any] = field(default_factory=dict)
    usage: Usage = field(default_factory=Usage)


@transaction.atomic
def end_attempt(*, claim: Claim, end: AttemptEnd) -> Run:
    """Record an attempt's end under its lease. Raises: LeaseLost, and then nothing was recorded."""
    run = (
        Run.objects.select_for_update(no_key=True)
        .filter(pk=claim.run_id, lease_owner=claim.owner, state=RunState.RUNNING)
        .first()
    )
    if run is None:
        raise LeaseLost(f"run {claim.run_id} is no longer held by {claim.owner}")
    verdict = _registered(run, end.result, _as_asked_meanwhile(run, end.verdict))
    _record_attempt(run, claim, end, verdict)
    run.state = verdict.state
    run.lease_owner, run.lease_until = "", None
    if run.is_ended:
        _record_run_end(run, verdict)
    elif run.state == RunState.PAUSED:
        run.pause_reason = verdict.outcome[:MOST_REASON]
        if verdict.ending == Ending.DISK_FULL and run.pause_requested_at is None:
            # Nothing tells that there is room again, or for how long: a person resumes it.
            run.pause_requested_at = timezone.now()
    run.save()
    if verdict.ending in _HOW_TO_GO_ON and run.state == RunState.PAUSED:
        tell_of_pause(run, how_to_go_on=_HOW_TO_GO_ON[verdict.ending])
    if verdict.state == RunState.SUCCEEDED:
        queue_ready_children(run)
    elif verdict.state == RunState.QUEUED:
        enqueue(run)
    return run


def _as_asked_meanwhile(run: Run, verdict: Verdict) -> Verdict:
    """A run that would resume later does not, once its cancel was requested; nor at once, once its pause was."""
    if verdict.state not in (RunState.QUEUED, RunState.PAUSED):
        return verdict
    if run.cancel_requested_at is not None:
        return Verdict(ending=verdict.ending, state=RunState.CANCELLED, outcome=f"cancelled; {verdict.outcome}")
    if run.pause_requested_at is not None and verdict.state == RunState.QUEUED:
        outcome = f"{run.pause_reason}; {verdict.outcome}"
        return Verdict(ending=verdict.ending, state=RunState.PAUSED, outcome=outcome)
    return verdict


def _registered(run: Run, result: dict[str, Any], verdict: Verdict) -> Verdict:
    """Register what a finished run made; what cannot be registered fails it, since another attempt would end alike."""
    if verdict.state != RunState.SUCCEEDED:
        return verdict
    try:
        register(run=run, result=result)
    except ResultUnusable as error:
        return Verdict(ending=Ending.FAILED, state=RunState.FAILED, outcome=str(error))
    return verdict


def _record_attempt(run: Run, claim: Claim, end: AttemptEnd, verdict: Verdict) -> None:
    attempt = Attempt.objects.get(pk=claim.attempt_id)
    attempt.run = run
    attempt.ended_at = end.ended_at
    attempt.exit_code = end.exit_code
    attempt.ending = verdict.ending
    attempt.outcome = verdict.outcome[:_OUTCOME_LENGTH]
    attempt.device_seconds = end.seconds
    attempt.max_seconds = run.max_seconds
    for name, value in end.usage.fields().items():
        setattr(attempt, name, value)
    assert run.hold is not None
    is_last = verdict.state in RunState.ended()
    used = in_words(end.usage)
    attempt.entry = bill(attempt=attempt, hold=run.hold, ended_at=end.ended_at, close=is_last, used=used)
    attempt.save()


def _record_run_end(run: Run, verdict: Verdict) -> None:
    run.ended_at = timezone.now()
    run.error = verdict.outcome if verdict.ending != Ending.SUCCEEDED and verdict.state == RunState.FAILED else ""
    transaction.on_commit(lambda: discard_leftovers(run.folder), robust=True)
    if run.state != RunState.SUCCEEDED:
        cancel_descendants(run, reason=f"{run} {run.get_state_display().lower()}")
    if run.state == RunState.FAILED:
        _tell_of_failure(run)


def _tell_of_failure(run: Run) -> None:
    notify(
        key=f"run:{run.pk}:failed",
        kind=NoticeKind.RUN_FAILED,
        title=f"{run} of “{run.study}” failed",
        body=f"{run.error}\nWhat it used is paid, the rest of its hold is free, and what waited for it is cancelled.",
        path=f"/runs/{run.pk}/",
    )


def tell_of_pause(run: Run, *, how_to_go_on: str = _MORE_MINUTES) -> None:
    """Tell that a run waits for a person. A stop of its budget has a notice of its own."""
    notify(
        key=f"run:{run.pk}:paused:{run.attempts.count()}",
        kind=NoticeKind.RUN_PAUSED,
        title=f"{run} of “{run.study}” is paused",
        body=f"{run.pause_reason[:1].upper()}{run.pause_reason[1:]}. Its checkpoint and the rest of its hold are kept. "
        f"{how_to_go_on}, and it resumes from its checkpoint; or cancel it.",
        path=f"/runs/{run.pk}/",
    )


def queue_ready_children(run: Run) -> None:
    """Queue the runs that waited for nothing but this one."""
    for child in _locked(run.children.filter(state=RunState.WAITING)):
        if not child.parents.exclude(state=RunState.SUCCEEDED).exists():
            enqueue(child)


def cancel_descendants(run: Run, *, reason: str) -> None:
    """Cancel what can no longer start because this run gave no result."""
    for child in _locked(run.children.filter(state=RunState.WAITING)):
        cancel_unstarted(child, reason=reason)


def cancel_unstarted(run: Run, *, reason: str) -> None:
    """End a locked run that no worker has at present, give its hold back, and cancel what waited for it."""
    run.state = RunState.CANCELLED
    run.error = reason
    run.ended_at = timezone.now()
    run.save(update_fields=["state", "error", "ended_at"])
    if run.hold is not None:
        release(hold=run.hold, reason=reason)
    transaction.on_commit(lambda: discard_leftovers(run.folder), robust=True)
    cancel_descendants(run, reason=reason)


def _locked(runs: Any) -> list[Run]:
    return list(runs.select_for_update(no_key=True, of=("self",)).order_by("pk"))
