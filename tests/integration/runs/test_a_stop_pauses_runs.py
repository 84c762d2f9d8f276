"""Everything stops: what runs pauses with its checkpoint, what is queued stays, and a resume moves all of it on."""

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
from celery import current_app
from django.db import connection
from django.utils import timezone

from budgets.limits import resume, stop_everything
from budgets.models import Budget
from notices.models import Notice, NoticeKind
from runs.control import cancel, start_annotate, start_distil
from runs.execution import leases
from runs.models import Attempt, Ending, Run, RunKind, RunState
from runs.requests import RunPlan
from runs.supervision import supervise, sweep
from studies.models import Study
from tests.integration.runs.world import being_supervised, finish_all, in_state, is_reconciled

LONG = RunPlan(num_seeds=1, steps=60, teacher_steps=60, max_minutes=1)


def stop(study: Study) -> None:
    stop_everything(actor=study.created_by, budget=study.budget, reason="The labels are wrong")


def let_go_on(study: Study) -> None:
    resume(actor=study.created_by, budget=study.budget)


def paused_run(study: Study) -> Run:
    run = start_annotate(actor=study.created_by, study=study, plan=LONG)
    with being_supervised(run, from_step=20):
        stop(study)
    assert in_state(run, RunState.PAUSED)
    return run


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The runs a worker was told of."""
    runs: list[int] = []
    monkeypatch.setattr(current_app, "send_task", lambda name, kwargs=None, **_: runs.append((kwargs or {})["run_id"]))
    return runs


def test_a_running_run_saves_leaves_and_is_billed_once(study: Study) -> None:
    run = paused_run(study)

    attempt = run.attempts.get()
    assert (attempt.ending, attempt.exit_code) == (Ending.PAUSED, 3)
    assert run.pause_reason == "its budget is stopped: The labels are wrong"
    assert run.hold is not None and run.hold.closed_at is None
    assert attempt.entry is not None and run.hold.remaining == run.hold.amount - attempt.entry.amount
    assert is_reconciled(study)


def test_it_leaves_within_seconds(study: Study) -> None:
    run = start_annotate(actor=study.created_by, study=study, plan=LONG)

    with being_supervised(run):
        stopped_at = timezone.now()
        stop(study)

    ended_at = run.attempts.get().ended_at
    assert ended_at is not None and ended_at - stopped_at < timedelta(seconds=5)


def test_a_stop_has_its_own_notice_and_none_for_each_run(study: Study) -> None:
    paused_run(study)
    assert not Notice.objects.filter(kind=NoticeKind.RUN_PAUSED).exists()


def test_a_resumed_run_goes_on_where_it_stood_and_pays_no_second_of_the_pause(study: Study) -> None:
    run = paused_run(study)
    let_go_on(study)
    sweep()
    assert in_state(run, RunState.QUEUED)
    assert run.pause_reason == ""

    finish_all()

    log = (run.folder / "log.txt").read_text()
    assert in_state(run, RunState.SUCCEEDED)
    assert log.rpartition("stopped at step")[2].split()[0] == log.rpartition("starting at step")[2].split()[0]
    assert sum(attempt.device_seconds for attempt in run.attempts.all()) < 10
    assert is_reconciled(study)


def test_as_long_as_the_stop_stands_no_sweep_moves_it(study: Study) -> None:
    run = paused_run(study)
    sweep()
    assert in_state(run, RunState.PAUSED)


def test_a_queued_run_stays_queued_and_is_not_taken(study: Study) -> None:
    run = start_annotate(actor=study.created_by, study=study, plan=LONG)
    stop(study)

    supervise(run_id=run.pk)

    assert in_state(run, RunState.QUEUED)
    assert not run.attempts.exists()


def test_a_queued_run_is_told_of_at_once_when_the_stop_ends(study: Study, sent: list[int]) -> None:
    run = start_annotate(actor=study.created_by, study=study, plan=LONG)
    Run.objects.update(num_sent=9)
    stop(study)
    sent.clear()
    sweep()
    assert not sent

    let_go_on(study)
    sweep()

    assert sent == [run.pk]


def test_what_waits_for_a_paused_run_keeps_waiting(study: Study) -> None:
    last = start_distil(actor=study.created_by, study=study, num_unlabelled=4, plan=LONG)
    teacher = Run.objects.get(kind=RunKind.FINETUNE_TEACHER)
    with being_supervised(teacher):
        stop(study)
    sweep()
    assert in_state(last, RunState.WAITING)

    let_go_on(study)
    sweep()
    finish_all()

    assert in_state(last, RunState.SUCCEEDED)
    assert is_reconciled(study)


def test_a_cancelled_paused_run_gives_its_hold_back_and_drops_its_checkpoint(study: Study) -> None:
    run = paused_run(study)
    (run.folder / "checkpoint").mkdir()

    cancel(actor=study.created_by, run=run)

    assert in_state(run, RunState.CANCELLED)
    assert not (run.folder / "checkpoint").exists()
    assert Budget.objects.get(pk=study.budget_id).held == 0
    assert is_reconciled(study)


def test_a_cancel_that_comes_while_it_pauses_wins(study: Study) -> None:
    run = start_annotate(actor=study.created_by, study=study, plan=LONG)

    with being_supervised(run):
        stop(study)
        cancel(actor=study.created_by, run=run)

    assert in_state(run, RunState.CANCELLED)
    assert is_reconciled(study)


def test_a_worker_that_is_killed_while_its_run_pauses_leaves_it_paused(study: Study, sent: list[int]) -> None:
    run = start_annotate(actor=study.created_by, study=study, plan=LONG)
    assert leases.claim_run(run_id=run.pk) is not None
    stop(study)
    past = timezone.now() - timedelta(minutes=1)
    Run.objects.update(lease_until=past)
    Attempt.objects.update(pid=2**22 + 1, started_at=past, heartbeat_at=past + timedelta(seconds=10))

    sweep()

    attempt = run.attempts.get()
    assert in_state(run, RunState.PAUSED)
    assert (attempt.ending, attempt.device_seconds) == (Ending.PAUSED, 10)
    assert is_reconciled(study)


def test_two_sweeps_at_once_resume_it_once(study: Study, sent: list[int]) -> None:
    run = paused_run(study)
    let_go_on(study)
    sent.clear()

    threads = [threading.Thread(target=sweep_in_thread) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sent == [run.pk]
    assert in_state(run, RunState.QUEUED)


def sweep_in_thread() -> None:
    sweep()
    connection.close()


def test_one_that_ignores_being_asked_is_killed_and_paused(make_study: Callable[..., Study]) -> None:
    study = make_study("deaf")
    run = start_annotate(actor=study.created_by, study=study, plan=RunPlan(num_seeds=1, steps=400, max_minutes=1))

    with being_supervised(run):
        stop(study)

    assert in_state(run, RunState.PAUSED)
    assert is_reconciled(study)
