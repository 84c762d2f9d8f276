"""The sweep: finds runs that died or got lost, by their rows alone, and moves them on."""

import logging
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Now
from django.utils import timezone

from budgets.ledger import release
from budgets.models import Hold
from connections.models import TokenBatch
from connections.money import settle_batch
from runs.control import resume_if_possible
from runs.execution import (
    LeaseLost,
    StopReason,
    end_attempt,
    enqueue,
    go_on_without,
    kill_orphan,
    last_sign_of_life,
    locked_unless_moving,
    read_usage,
    send_on_commit,
    take_over,
)
from runs.models import Attempt, Run, RunState
from runs.supervision.observations import attempt_end, observe

logger = logging.getLogger(__name__)

FIRST_RESEND = timedelta(seconds=10)
RAREST_RESEND = timedelta(minutes=10)


def sweep() -> None:
    """Move on every run that nobody is moving, and release holds that no run needs. Sweeps may overlap."""
    open_holds = Hold.objects.filter(source_key__startswith="run:", closed_at__isnull=True)
    steps: tuple[tuple[QuerySet[Any], Callable[[int], None]], ...] = (
        (Run.objects.filter(state=RunState.RUNNING, lease_until__lt=Now()), _recover),
        (Run.objects.filter(state=RunState.QUEUED), _resend),
        (Run.objects.filter(state=RunState.WAITING), _move_on),
        (Run.objects.filter(state=RunState.PAUSED, pause_requested_at__isnull=True), _wake),
        (open_holds.filter(run__state__in=RunState.ended()), partial(_release, reason="the run had ended")),
        (open_holds.filter(run__isnull=True), partial(_release, reason="abandoned: no run has it")),
    )
    errors = [error for rows, move in steps for error in _move_each(rows, move)]
    errors += _move_each(_abandoned_batches(), lambda batch_id: settle_batch(batch_id=batch_id))
    if errors:
        raise ExceptionGroup("some runs could not be moved on", errors)


def _abandoned_batches() -> QuerySet[TokenBatch]:
    """Open batches of runs that nobody carries out; whoever carries one out settles its own."""
    keys = dict(TokenBatch.objects.filter(settled_at__isnull=True).values_list("pk", "work_key"))
    # Read after the batches: a run that was claimed since then has not opened these.
    numbers = {int(key.removeprefix("run:")) for key in keys.values()}
    carried_out = Run.objects.filter(pk__in=numbers, state=RunState.RUNNING)
    busy = {run.source_key for run in carried_out}
    return TokenBatch.objects.filter(pk__in=[pk for pk, key in keys.items() if key not in busy])


def _move_each(rows: QuerySet[Any], move: Callable[[int], None]) -> Iterator[Exception]:
    for pk in list(rows.order_by("pk").values_list("pk", flat=True)):
        try:
            move(pk)
        except Exception as error:  # one run's trouble must not keep the others; raised after them
            logger.exception("%s %s could not be moved on", rows.model._meta.verbose_name, pk)
            yield error


def _recover(run_id: int) -> None:
    claim = take_over(run_id=run_id)
    if claim is None:
        return
    attempt = Attempt.objects.select_related("run__study__budget", "run__hold__price").get(pk=claim.attempt_id)
    logger.warning("run %s: attempt %s was lost with its worker", run_id, attempt.number)
    kill_orphan(attempt=attempt)
    run, ended_at = attempt.run, _last_seen(attempt)
    observed = observe(folder=run.folder, stop=_reason_to_stop(run), seconds=_seconds_held(attempt, ended_at))
    try:
        end_attempt(claim=claim, end=attempt_end(run=run, observed=observed, ended_at=ended_at))
    except LeaseLost as lost:
        logger.warning("%s", lost)


def _seconds_held(attempt: Attempt, ended_at: datetime) -> float:
    """How long the device was held; by the trainer's report where its worker died before it noted the start."""
    if attempt.pid is not None:
        return (ended_at - attempt.started_at).total_seconds()
    written_at = last_sign_of_life(attempt.run.folder)
    if written_at is None or written_at <= attempt.started_at:
        return 0.0
    return sum(read_usage(attempt.run.folder).stages.values())


def _reason_to_stop(run: Run) -> StopReason | None:
    if run.cancel_requested_at is not None:
        return StopReason.CANCEL
    if run.pause_requested_at is not None or run.study.budget.is_stopped:
        return StopReason.PAUSE
    return None


def _last_seen(attempt: Attempt) -> datetime:
    """The later of the last heartbeat and the last progress of the trainer, which may outlive its worker."""
    written_at = last_sign_of_life(attempt.run.folder)
    seen_at = max(attempt.heartbeat_at, written_at) if written_at else attempt.heartbeat_at
    return min(seen_at, timezone.now())


@transaction.atomic
def _resend(run_id: int) -> None:
    run = locked_unless_moving(run_id, RunState.QUEUED)
    if run is None:
        return
    if run.study.budget.is_stopped:
        # No worker may claim it now; once the stop ends, a worker is notified at once, not when it is due again.
        if run.sent_at is not None:
            run.sent_at, run.num_sent = None, 0
            run.save(update_fields=["sent_at", "num_sent"])
        return
    patience = min(FIRST_RESEND * 2 ** max(run.num_sent - 1, 0), RAREST_RESEND)
    if run.sent_at is None or timezone.now() - run.sent_at > patience:
        send_on_commit(run)


@transaction.atomic
def _move_on(run_id: int) -> None:
    run = locked_unless_moving(run_id, RunState.WAITING)
    if run is None:
        return
    parents = list(run.parents.all())
    broken = next((parent for parent in parents if parent.state in (RunState.FAILED, RunState.CANCELLED)), None)
    if broken is not None:
        go_on_without(run, broken, reason=f"{broken} {broken.get_state_display().lower()}")
    elif all(parent.state == RunState.SUCCEEDED for parent in parents):
        enqueue(run)


@transaction.atomic
def _wake(run_id: int) -> None:
    run = locked_unless_moving(run_id, RunState.PAUSED)
    if run is not None:
        resume_if_possible(run)


def _release(hold_id: int, *, reason: str) -> None:
    release(hold=Hold.objects.get(pk=hold_id), reason=reason)
