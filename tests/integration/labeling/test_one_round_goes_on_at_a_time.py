from threading import Thread

import pytest
from django.db import connection

from config.advisory_locks import LockClass, advisory_lock
from labeling import tasks
from labeling.tasks import ScheduledJob

pytestmark = pytest.mark.django_db(transaction=True)


def _elsewhere(job: ScheduledJob) -> list[bool]:
    """What another process would be told."""
    told: list[bool] = []

    def ask() -> None:
        with advisory_lock(LockClass.ROUND, job) as is_ours:
            told.append(is_ours)
        connection.close()

    thread = Thread(target=ask)
    thread.start()
    thread.join()
    return told


def test_a_second_round_of_a_kind_is_told_no_and_one_of_another_kind_yes() -> None:
    with advisory_lock(LockClass.ROUND, ScheduledJob.SYNC) as is_ours:
        assert is_ours
        assert _elsewhere(ScheduledJob.SYNC) == [False]
        assert _elsewhere(ScheduledJob.STOPS) == [True]
    assert _elsewhere(ScheduledJob.SYNC) == [True]


def test_a_sync_that_meets_another_does_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    rounds: list[str] = []

    def round_meeting_another() -> None:
        rounds.append("begun")
        thread = Thread(target=_run_and_close)
        thread.start()
        thread.join()

    monkeypatch.setattr("labeling.sync.sync_all", round_meeting_another)
    tasks.sync_all()
    assert rounds == ["begun"]


def _run_and_close() -> None:
    tasks.sync_all()
    connection.close()
