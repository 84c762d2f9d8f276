"""What tests of runs share: the stand-in's name, and waiting."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection

from budgets.models import Budget
from budgets.queries import differences
from runs.models import Attempt, Run, RunState
from runs.supervision import supervise
from studies.models import Study
from tests.beside import wait_until

LEASE_SECONDS = 2


def stand_in(behaviour: str = "steady") -> dict[str, str | None]:
    return {"source": "hub", "name": f"stand-in/{behaviour}", "revision": None}


def in_state(run: Run, *states: RunState) -> bool:
    run.refresh_from_db()
    return run.state in states


@contextmanager
def being_supervised(run: Run, *, from_step: int = 5) -> Iterator[Attempt]:
    """A thread in the part of the worker, from when the trainer is past a step until the attempt is recorded."""

    def work() -> None:
        supervise(run_id=run.pk)
        connection.close()

    thread = threading.Thread(target=work)
    thread.start()
    wait_until(lambda: in_state(run, RunState.RUNNING) and run.progress.get("step", 0) > from_step)
    yield run.attempts.latest("number")
    thread.join(timeout=20)
    assert not thread.is_alive()


def finish_all() -> None:
    """Be the worker, until nothing is queued any more."""
    while run := Run.objects.filter(state=RunState.QUEUED).first():
        supervise(run_id=run.pk)


def is_reconciled(study: Study) -> bool:
    """Every total is what its entries and holds add up to, and each ended attempt was billed exactly once."""
    budget = Budget.objects.get(pk=study.budget_id)
    attempts = [attempt for run in study.runs.all() for attempt in run.attempts.filter(ended_at__isnull=False)]
    paid = [attempt for attempt in attempts if attempt.device_seconds > 0]
    assert budget.entries.count() == len(paid)
    assert all(attempt.entry and attempt.entry.source_key == attempt.source_key for attempt in paid)
    open_holds = budget.holds.filter(closed_at__isnull=True, run__state__in=RunState.ended())
    return not differences(budget) and not open_holds.exists()
