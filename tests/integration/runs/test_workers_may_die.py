"""Real workers on each broker, killed in the middle: every run ends right and every device second is billed once."""

import os
import signal

import pytest
from django.db import connection

from budgets.limits import resume, stop_everything
from config.celery import app
from runs.control import cancel, start_annotate, start_distil
from runs.models import Ending, Run, RunState
from runs.requests import RunPlan
from runs.supervision import sweep
from studies.models import Study
from tests.beside import wait_until
from tests.integration.runs.workers import Worker
from tests.integration.runs.world import in_state, is_reconciled

# For what happens between a worker and its trainer, where no broker has a part.
one_broker = pytest.mark.parametrize("broker", ["pgmq"], indirect=True)
SHORT = RunPlan(num_seeds=1, steps=4, teacher_steps=4, max_minutes=1)
LONG = RunPlan(num_seeds=1, steps=100, max_minutes=1)


def start_long(study: Study) -> Run:
    """Start a run of some seconds and wait until it is well under way."""
    run = start_annotate(actor=study.created_by, study=study, plan=LONG)
    wait_until(lambda: in_state(run, RunState.RUNNING) and run.progress.get("step", 0) > 15)
    return run


def swept_to_its_end(run: Run) -> bool:
    return swept_into(run, RunState.SUCCEEDED)


def swept_into(run: Run, state: RunState) -> bool:
    sweep()
    return in_state(run, state)


def test_a_chain_is_carried_out_from_end_to_end(study: Study, worker: Worker) -> None:
    run = start_distil(actor=study.created_by, study=study, num_unlabelled=12, plan=SHORT)

    wait_until(lambda: in_state(run, RunState.SUCCEEDED))

    assert is_reconciled(study)


def test_a_killed_worker_costs_an_attempt_and_the_run_goes_on(study: Study, worker: Worker) -> None:
    run = start_long(study)

    worker.kill()
    worker.start()
    wait_until(lambda: swept_to_its_end(run), seconds=60)

    lost, finished = run.attempts.order_by("number")
    assert (lost.ending, finished.ending) == (Ending.LOST, Ending.SUCCEEDED)
    assert "stopped at step" in (run.folder / "log.txt").read_text()
    assert lost.ended_at is not None and finished.started_at >= lost.ended_at
    assert is_reconciled(study)


@one_broker
def test_a_killed_trainer_is_billed_and_tried_again(study: Study, worker: Worker) -> None:
    run = start_long(study)

    pid = run.attempts.get().pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: in_state(run, RunState.SUCCEEDED), seconds=60)

    killed = run.attempts.get(number=1)
    assert (killed.ending, killed.exit_code) == (Ending.CRASHED, -signal.SIGKILL)
    assert killed.entry is not None and killed.entry.amount > 0
    assert is_reconciled(study)


@one_broker
def test_a_running_run_is_cancelled_within_five_seconds(study: Study, worker: Worker) -> None:
    run = start_long(study)

    cancel(actor=study.created_by, run=run)
    wait_until(lambda: in_state(run, RunState.CANCELLED), seconds=5)

    attempt = run.attempts.get()
    assert attempt.entry is not None and attempt.entry.amount > 0
    assert is_reconciled(study)


def test_a_worker_that_is_asked_to_end_hands_its_run_over(study: Study, worker: Worker) -> None:
    run = start_long(study)

    assert worker.stop() == 0
    worker.start()
    wait_until(lambda: in_state(run, RunState.SUCCEEDED), seconds=60)

    handed_over, finished = run.attempts.order_by("number")
    assert (handed_over.ending, finished.ending) == (Ending.HANDED_OVER, Ending.SUCCEEDED)
    assert is_reconciled(study)


def test_a_worker_that_dies_while_its_run_pauses_costs_nothing_twice(study: Study, worker: Worker) -> None:
    run = start_long(study)

    stop_everything(actor=study.created_by, budget=study.budget, reason="Enough")
    worker.kill()
    wait_until(lambda: swept_into(run, RunState.PAUSED))
    worker.start()
    resume(actor=study.created_by, budget=study.budget)
    wait_until(lambda: swept_to_its_end(run), seconds=60)

    paused, finished = run.attempts.order_by("number")
    assert (paused.ending, finished.ending) == (Ending.PAUSED, Ending.SUCCEEDED)
    assert is_reconciled(study)


def test_a_second_delivery_changes_nothing(study: Study, worker: Worker) -> None:
    run = start_annotate(actor=study.created_by, study=study, plan=SHORT)
    for _ in range(3):
        app.send_task("runs.tasks.supervise", kwargs={"run_id": run.pk}, queue="runs")

    other = start_annotate(actor=study.created_by, study=study, num_labels=4, plan=SHORT)
    wait_until(lambda: in_state(run, RunState.SUCCEEDED) and in_state(other, RunState.SUCCEEDED))

    assert run.attempts.count() == 1
    assert is_reconciled(study)


def test_a_lost_message_is_sent_again(study: Study, broker: str, worker: Worker) -> None:
    run = start_annotate(actor=study.created_by, study=study, plan=SHORT)
    Run.objects.filter(pk=run.pk).update(state=RunState.WAITING)  # what the message finds
    wait_until(lambda: in_state(run, RunState.WAITING), seconds=2)

    wait_until(lambda: swept_to_its_end(run))

    assert is_reconciled(study)


def test_a_database_that_drops_every_connection_costs_nothing(study: Study, worker: Worker) -> None:
    run = start_long(study)

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    wait_until(lambda: in_state(run, RunState.SUCCEEDED), seconds=60)
    later = start_annotate(actor=study.created_by, study=study, num_labels=4, plan=SHORT)
    wait_until(lambda: swept_to_its_end(later), seconds=60)

    assert run.attempts.count() == later.attempts.count() == 1
    assert is_reconciled(study)
