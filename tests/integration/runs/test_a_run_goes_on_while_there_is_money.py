"""A run that may go on takes more minutes by itself; without money for one more, everything stops."""

from collections.abc import Callable

import pytest

from accounts.models import AuditRecord
from budgets.limits import set_cap, set_limit, top_up
from budgets.models import Budget, BudgetStop, Path
from notices.models import Notice, NoticeKind
from runs.control import extend_automatically, start_annotate
from runs.models import Run, RunState
from runs.requests import RunPlan
from runs.supervision import supervise, sweep
from studies.models import Study
from tests.integration.runs.world import finish_all, in_state, is_reconciled

PLAN = RunPlan(num_seeds=1, steps=60, max_minutes=2, go_on=True)  # 0.12 of the 3.60 an hour costs


def start(study: Study) -> Run:
    """Start it with 8 seconds, so that it is short of time at once."""
    run = start_annotate(actor=study.created_by, study=study, plan=PLAN)
    Run.objects.filter(pk=run.pk).update(max_seconds=8)
    run.refresh_from_db()
    return run


def leave(study: Study, amount: str) -> None:
    budget = Budget.objects.get(pk=study.budget_id)
    set_limit(actor=study.created_by, budget=budget, limit=str(budget.spent + budget.held))
    top_up(actor=study.created_by, budget=budget, amount=amount)


def start_short(make_study: Callable[..., Study], left: str) -> Run:
    run = start_annotate(actor=(study := make_study()).created_by, study=study, plan=PLAN)
    leave(study, left)
    Run.objects.filter(pk=run.pk).update(max_seconds=8)
    run.refresh_from_db()
    return run


def test_it_takes_its_first_minutes_again_before_it_is_interrupted(study: Study) -> None:
    run = start_annotate(actor=study.created_by, study=study, plan=PLAN)
    before = Budget.objects.get(pk=study.budget_id).held

    assert extend_automatically(run_id=run.pk) == 240

    run.refresh_from_db()
    assert (run.extended_seconds, run.first_seconds) == (120, 120)
    assert Budget.objects.get(pk=study.budget_id).held == before * 2


def test_its_trainer_never_notices(study: Study) -> None:
    run = start(study)

    supervise(run_id=run.pk)

    assert in_state(run, RunState.SUCCEEDED)
    assert (run.attempts.count(), run.max_seconds) == (1, 8 + 60)
    assert is_reconciled(study)


def test_it_is_written_down_as_nobodys_doing(study: Study) -> None:
    supervise(run_id=start(study).pk)
    assert AuditRecord.objects.get(action="run.extend").actor is None


def test_it_takes_the_whole_minutes_that_fit(make_study: Callable[..., Study]) -> None:
    study = make_study()
    run = start_annotate(actor=study.created_by, study=study, plan=RunPlan(num_seeds=1, max_minutes=5, go_on=True))
    leave(study, "0.20")  # three minutes and a third
    assert extend_automatically(run_id=run.pk) == (5 + 3) * 60


def test_without_money_for_one_more_minute_everything_stops(make_study: Callable[..., Study]) -> None:
    run = start_short(make_study, "0.05")

    supervise(run_id=run.pk)

    stop = BudgetStop.objects.get()
    assert stop.cause == BudgetStop.Cause.EXHAUSTED
    assert f"Fine-tune the student {run.pk}" in stop.reason
    assert "needs 0.06 USD for each further minute, and 0.05 is left" in stop.reason
    assert in_state(run, RunState.PAUSED)
    assert run.pause_reason.startswith("its budget is stopped: ")
    assert is_reconciled(run.study)


def test_a_top_up_lets_it_go_on_by_itself(make_study: Callable[..., Study]) -> None:
    run = start_short(make_study, "0.05")
    supervise(run_id=run.pk)

    top_up(actor=run.created_by, budget=run.study.budget, amount="1")
    sweep()
    finish_all()

    assert in_state(run, RunState.SUCCEEDED)
    assert is_reconciled(run.study)


def test_a_top_up_that_is_too_small_stops_again(make_study: Callable[..., Study]) -> None:
    run = start_short(make_study, "0.04")
    supervise(run_id=run.pk)

    top_up(actor=run.created_by, budget=run.study.budget, amount="0.01")
    sweep()

    assert BudgetStop.objects.filter(ended_at__isnull=True).count() == 1
    assert in_state(run, RunState.PAUSED)


def test_a_cap_in_the_way_pauses_the_run_and_stops_nothing(study: Study) -> None:
    run = start(study)
    set_cap(actor=study.created_by, budget=study.budget, limit="0.13", path=Path.ANNOTATE)

    supervise(run_id=run.pk)
    sweep()

    assert in_state(run, RunState.PAUSED)
    assert "a cap on its budget" in run.pause_reason
    assert not BudgetStop.objects.exists()
    assert Notice.objects.filter(kind=NoticeKind.RUN_PAUSED).count() == 1


def test_a_cap_that_is_raised_lets_it_go_on(study: Study) -> None:
    run = start(study)
    set_cap(actor=study.created_by, budget=study.budget, limit="0.13", path=Path.ANNOTATE)
    supervise(run_id=run.pk)

    set_cap(actor=study.created_by, budget=study.budget, limit="5", path=Path.ANNOTATE)
    sweep()
    finish_all()

    assert in_state(run, RunState.SUCCEEDED)


@pytest.mark.parametrize("go_on_too", [True, False])
def test_whether_it_may_go_on_does_not_make_it_another_run(study: Study, go_on_too: bool) -> None:
    first = start_annotate(actor=study.created_by, study=study, plan=RunPlan(num_seeds=1, go_on=True))
    assert start_annotate(actor=study.created_by, study=study, plan=RunPlan(num_seeds=1, go_on=go_on_too)) == first
