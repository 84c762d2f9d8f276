from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest
from django.db import OperationalError, connection

from runs.control import start_annotate
from runs.execution import run_folder as bridge
from runs.models import RunState
from runs.requests import RunPlan
from runs.supervision import supervise
from runs.supervision import supervisor as supervision
from studies.models import Study
from tests.integration.runs.world import in_state, is_reconciled

PLAN = RunPlan(num_seeds=1, steps=4, max_minutes=1)


def after_an_outage(work: Callable[..., Any]) -> Callable[..., Any]:
    """The same, but the first call finds its connection to the database gone."""
    calls = []

    def broken_once(*args: Any) -> Any:
        calls.append(args)
        if len(calls) == 1:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")
        return work(*args)

    return broken_once


@pytest.mark.parametrize(
    ("module", "name"),
    [(bridge, "_row"), (supervision, "process_started_at")],
    ids=["while its data is written", "while its trainer is noted"],
)
def test_the_run_goes_on_in_the_same_attempt(
    study: Study, monkeypatch: pytest.MonkeyPatch, module: ModuleType, name: str
) -> None:
    run = start_annotate(actor=study.created_by, study=study, plan=PLAN)
    monkeypatch.setattr(module, name, after_an_outage(getattr(module, name)))

    supervise(run_id=run.pk)

    assert in_state(run, RunState.SUCCEEDED)
    assert run.attempts.get().pid is not None
    assert is_reconciled(study)


def test_a_database_that_stays_away_leaves_the_run_to_the_sweep(study: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    run = start_annotate(actor=study.created_by, study=study, plan=PLAN)

    def away(*row: Any) -> Any:
        raise OperationalError("the database is away")

    monkeypatch.setattr(bridge, "_row", away)
    supervise(run_id=run.pk)

    assert in_state(run, RunState.RUNNING)
    assert run.attempts.get().pid is None
