import re
from collections.abc import Callable

from django.db import connection
from django.test.utils import CaptureQueriesContext

from budgets.models import Budget
from runs.control import cancel, start_annotate, start_distil
from runs.models import Ending, Run, RunKind, RunState
from runs.requests import RunPlan
from runs.supervision import supervise
from studies.models import Study
from tests.integration.runs.world import is_reconciled

PLAN = RunPlan(num_seeds=1, steps=4, teacher_steps=4, max_minutes=1)


def states() -> list[str]:
    return list(Run.objects.order_by("pk").values_list("state", flat=True))


def held(study: Study) -> object:
    return Budget.objects.get(pk=study.budget_id).held


def test_a_queued_run_is_cancelled_at_once(study: Study) -> None:
    run = start_annotate(actor=study.created_by, study=study, plan=PLAN)

    assert cancel(actor=study.created_by, run=run).state == RunState.CANCELLED

    supervise(run_id=run.pk)
    assert not run.attempts.exists()
    assert held(study) == 0


def test_a_waiting_run_takes_along_the_earlier_runs_that_only_it_needed(study: Study) -> None:
    last = start_distil(actor=study.created_by, study=study, num_unlabelled=4, plan=PLAN)

    cancel(actor=study.created_by, run=last)

    assert states() == [RunState.CANCELLED] * 3
    assert held(study) == 0


def test_a_waiting_run_is_locked_after_the_earlier_ones_as_by_one_that_ends(study: Study) -> None:
    last = start_distil(actor=study.created_by, study=study, num_unlabelled=4, plan=PLAN)
    with CaptureQueriesContext(connection) as captured:
        cancel(actor=study.created_by, run=last)

    locking = [query["sql"] for query in captured if "FOR NO KEY UPDATE" in query["sql"]]
    first = re.search(r'"id" IN \(([\d, ]+)\).* ORDER BY "runs_run"."id" ASC', locking[0])
    assert first is not None
    assert {int(pk) for pk in first[1].split(",")} == set(Run.objects.values_list("pk", flat=True))


def test_an_earlier_run_that_another_chain_needs_goes_on(study: Study) -> None:
    last = start_distil(actor=study.created_by, study=study, num_unlabelled=4, plan=PLAN)
    start_distil(actor=study.created_by, study=study, num_unlabelled=8, plan=PLAN)

    cancel(actor=study.created_by, run=last)

    assert Run.objects.get(kind=RunKind.FINETUNE_TEACHER).state == RunState.QUEUED
    assert states().count(RunState.CANCELLED) == 2


def test_cancelling_the_first_run_cancels_what_waits_for_it(study: Study) -> None:
    start_distil(actor=study.created_by, study=study, num_unlabelled=4, plan=PLAN)

    cancel(actor=study.created_by, run=Run.objects.get(kind=RunKind.FINETUNE_TEACHER))

    assert states() == [RunState.CANCELLED] * 3
    assert "Fine-tune the teacher" not in Run.objects.get(kind=RunKind.FINETUNE_TEACHER).error
    assert held(study) == 0


def test_a_run_that_fails_cancels_what_waits_for_it(make_study: Callable[..., Study]) -> None:
    study = make_study(teacher="refusing")
    last = start_distil(actor=study.created_by, study=study, num_unlabelled=4, plan=PLAN)

    supervise(run_id=Run.objects.get(kind=RunKind.FINETUNE_TEACHER).pk)

    last.refresh_from_db()
    assert states() == [RunState.FAILED, RunState.CANCELLED, RunState.CANCELLED]
    assert "failed" in last.error
    assert held(study) == 0
    assert is_reconciled(study)


def test_cancelling_an_ended_run_changes_nothing(study: Study) -> None:
    run = start_annotate(actor=study.created_by, study=study, plan=PLAN)
    supervise(run_id=run.pk)

    assert cancel(actor=study.created_by, run=run).state == RunState.SUCCEEDED

    assert run.attempts.get().ending == Ending.SUCCEEDED
