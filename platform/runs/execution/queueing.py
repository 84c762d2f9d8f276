"""Telling a worker about a run. The row is the truth: a lost message is sent again, a second one harms nobody."""

from celery import current_app
from django.db import transaction
from django.utils import timezone

from runs.models import Run, RunState

TASK = "runs.tasks.supervise"
QUEUE = "runs"


def enqueue(run: Run) -> None:
    """Mark a run as queued and tell a worker once the transaction is in; call it inside one."""
    run.state = RunState.QUEUED
    run.num_sent = 0
    run.pause_reason = ""
    run.save(update_fields=["state", "num_sent", "pause_reason"])
    send_on_commit(run)


def send_on_commit(run: Run) -> None:
    run.sent_at = timezone.now()
    run.num_sent += 1
    run.save(update_fields=["sent_at", "num_sent"])
    # Robust: a broker that is down must not fail the request; the sweep sends again.
    transaction.on_commit(lambda: _send(run.pk), robust=True)


def _send(run_id: int) -> None:
    current_app.send_task(TASK, kwargs={"run_id": run_id}, queue=QUEUE, retry_policy={"max_retries": 1})
