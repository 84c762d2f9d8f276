"""The limits that the supervisor itself enforces, with a thread in the part of the worker."""

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from runs.control import cancel, start_annotate
from runs.execution import process_started_at
from runs.execution import run_folder as bridge
from runs.models import Attempt, Ending, Run, RunState
from runs.requests import RunPlan
from runs.supervision import shutdown, supervise
from runs.supervision import supervisor as supervision
from studies.models import Study
from tests.beside import wait_until
from tests.integration.runs.world import being_supervised, in_state, is_reconciled

LONG = RunPlan(num_seeds=1, steps=400, max_minutes=1)


def is_gone(attempt: Attempt) -> bool:
    assert attempt.pid is not None
    return process_started_at(attempt.pid) is None


def test_one_that_ignores_being_asked_is_killed(make_study: Callable[..., Study]) -> None:
    study = make_study("deaf")
    run = start_annotate(actor=study.created_by, study=study, plan=LONG)

    with being_supervised(run) as attempt:
        (run.folder / "checkpoint").mkdir()
        cancel(actor=study.created_by, run=run)

    assert in_state(run, RunState.CANCELLED)
    assert not (run.folder / "checkpoint").exists()
    assert is_gone(attempt)
    assert is_reconciled(study)


def test_one_whose_data_is_still_written_is_cancelled_within_seconds(
    study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = start_annotate(actor=study.created_by, study=study, plan=LONG)
    monkeypatch.setattr(bridge, "ROWS_PER_BATCH", 1)
    write_row = bridge._row

    def slowly(*row: Any) -> Any:
        time.sleep(1.5)
        return write_row(*row)

    monkeypatch.setattr(bridge, "_row", slowly)
    worker = threading.Thread(target=supervise_and_close, args=(run.pk,))
    worker.start()
    wait_until(lambda: in_state(run, RunState.RUNNING))

    cancel(actor=study.created_by, run=run)
    worker.join(timeout=5)

    assert not worker.is_alive()
    assert in_state(run, RunState.CANCELLED)
    assert run.attempts.get().pid is None


def supervise_and_close(run_id: int) -> None:
    supervise(run_id=run_id)
    connection.close()


def test_one_at_its_time_limit_pauses_and_pays_no_more_than_its_hold(study: Study) -> None:
    run = start_annotate(actor=study.created_by, study=study, plan=LONG)
    Run.objects.filter(pk=run.pk).update(max_seconds=8)

    with being_supervised(run) as attempt:
        pass

    attempt.refresh_from_db()
    assert in_state(run, RunState.PAUSED)
    assert attempt.ending == Ending.OUT_OF_TIME
    assert attempt.device_seconds <= 8
    assert run.pause_reason == "its 0.133333 minutes are used up"
    assert is_reconciled(study)


def test_one_whose_lease_went_to_another_is_killed_and_left_unrecorded(study: Study) -> None:
    run = start_annotate(actor=study.created_by, study=study, plan=LONG)

    with being_supervised(run) as attempt:
        Run.objects.filter(pk=run.pk).update(lease_owner="somebody else")

    attempt.refresh_from_db()
    assert is_gone(attempt)
    assert attempt.ended_at is None
    assert in_state(run, RunState.RUNNING)


def test_one_whose_worker_leaves_is_handed_over(study: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    run = start_annotate(actor=study.created_by, study=study, plan=LONG)

    with being_supervised(run) as attempt:
        monkeypatch.setattr(shutdown, "is_announced", lambda: True)

    attempt.refresh_from_db()
    assert attempt.ending == Ending.HANDED_OVER
    assert in_state(run, RunState.QUEUED)


def test_none_is_started_for_a_run_that_was_taken_over_while_its_data_was_written(
    study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = start_annotate(actor=study.created_by, study=study, plan=LONG)

    def write_while_another_takes_it(**asked: Any) -> Path:
        Run.objects.filter(pk=run.pk).update(lease_owner="somebody else")
        return bridge.write_run_folder(**asked)

    monkeypatch.setattr(supervision, "write_run_folder", write_while_another_takes_it)
    supervise(run_id=run.pk)

    assert run.attempts.get().pid is None
    assert "starting at" not in (run.folder / "log.txt").read_text()


def test_the_device_counts_as_held_from_when_its_trainer_was_started(
    study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = start_annotate(actor=study.created_by, study=study, plan=RunPlan(num_seeds=1, steps=4, max_minutes=1))

    def slowly(pid: int) -> float | None:
        time.sleep(1)
        return process_started_at(pid)

    monkeypatch.setattr(supervision, "process_started_at", slowly)
    supervise(run_id=run.pk)

    attempt = run.attempts.get()
    assert attempt.ended_at is not None
    held = (attempt.ended_at - attempt.started_at).total_seconds()
    assert abs(held - float(attempt.device_seconds)) < 0.5
