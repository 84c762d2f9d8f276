"""At its time limit a run pauses with its checkpoint; more minutes let it go on."""

import pytest

from accounts.models import AuditRecord, Role
from accounts.permissions import Forbidden
from budgets.ledger import BudgetExceeded, BudgetStopped
from budgets.limits import resume, set_limit, stop_everything
from budgets.models import Budget
from config.refusals import Refusal
from notices.models import Notice, NoticeKind
from runs.control import cancel, extend, pause, start_annotate
from runs.control.extending import RunOver
from runs.models import Ending, Run, RunState
from runs.requests import RunPlan
from runs.supervision import supervise, sweep
from studies.models import Study
from tests import factories
from tests.integration.runs.world import finish_all, in_state, is_reconciled

PLAN = RunPlan(num_seeds=1, steps=40, max_minutes=1)


@pytest.fixture
def out_of_minutes(study: Study) -> Run:
    """A run that has used 55 of its 60 seconds, and would need 6 to leave."""
    run = start_annotate(actor=study.created_by, study=study, plan=PLAN)
    Run.objects.filter(pk=run.pk).update(max_seconds=5)
    supervise(run_id=run.pk)
    Run.objects.filter(pk=run.pk).update(max_seconds=60)
    run.attempts.update(device_seconds=55)
    run.refresh_from_db()
    return run


def test_it_pauses_with_a_reason_and_a_checkpoint(study: Study) -> None:
    run = start_annotate(actor=study.created_by, study=study, plan=PLAN)
    Run.objects.filter(pk=run.pk).update(max_seconds=7)

    supervise(run_id=run.pk)

    attempt = run.attempts.get()
    assert in_state(run, RunState.PAUSED)
    assert attempt.ending == Ending.OUT_OF_TIME
    assert "minutes are used up" in run.pause_reason
    assert (run.folder / "checkpoint.json").exists()
    assert is_reconciled(study)


def test_it_is_told_once_with_the_runs_page(out_of_minutes: Run) -> None:
    sweep()
    sweep()
    notice = Notice.objects.get(kind=NoticeKind.RUN_PAUSED)
    assert notice.key == f"run:{out_of_minutes.pk}:paused:1"
    assert notice.path == f"/runs/{out_of_minutes.pk}/"
    assert "more minutes" in notice.body


def test_no_sweep_moves_it(out_of_minutes: Run) -> None:
    sweep()
    assert in_state(out_of_minutes, RunState.PAUSED)


def test_more_minutes_are_held_and_let_it_finish(study: Study, out_of_minutes: Run) -> None:
    extended = extend(actor=study.created_by, run=out_of_minutes, minutes=2)

    assert extended.state == RunState.QUEUED
    assert (extended.max_seconds, extended.first_seconds) == (180, 60)
    assert extended.hold is not None and str(extended.hold.amount) == "0.180000"
    finish_all()
    assert in_state(out_of_minutes, RunState.SUCCEEDED)


def test_who_gave_more_minutes_is_written_down(study: Study, out_of_minutes: Run) -> None:
    extend(actor=study.created_by, run=out_of_minutes, minutes=2)
    written = AuditRecord.objects.get(action="run.extend")
    assert (written.actor, written.before["max_minutes"], written.after["max_minutes"]) == (study.created_by, 1, 3)


def test_more_minutes_than_the_budget_has_change_nothing(study: Study, out_of_minutes: Run) -> None:
    budget = Budget.objects.get(pk=study.budget_id)
    set_limit(actor=study.created_by, budget=budget, limit=budget.spent + budget.held + 1)
    with pytest.raises(BudgetExceeded, match=r"0\.20 USD more"):
        extend(actor=study.created_by, run=out_of_minutes, minutes=20)
    assert in_state(out_of_minutes, RunState.PAUSED)
    assert out_of_minutes.max_seconds == 60


@pytest.mark.parametrize("minutes", [0, -5, 10_081, 10**30])
def test_a_number_of_minutes_out_of_range_is_refused(study: Study, out_of_minutes: Run, minutes: int) -> None:
    with pytest.raises(Refusal, match=r"minutes: .* is not between 1 and 10,080"):
        extend(actor=study.created_by, run=out_of_minutes, minutes=minutes)


def test_a_stopped_budget_gives_no_minutes(study: Study, out_of_minutes: Run) -> None:
    stop_everything(actor=study.created_by, budget=study.budget, reason="Enough")
    with pytest.raises(BudgetStopped, match="Enough"):
        extend(actor=study.created_by, run=out_of_minutes, minutes=1)


def test_an_ended_run_takes_no_minutes(study: Study, out_of_minutes: Run) -> None:
    cancel(actor=study.created_by, run=out_of_minutes)
    with pytest.raises(RunOver, match="has ended"):
        extend(actor=study.created_by, run=out_of_minutes, minutes=1)


def test_an_annotator_gives_no_minutes(out_of_minutes: Run) -> None:
    with pytest.raises(Forbidden):
        extend(actor=factories.person(Role.ANNOTATOR), run=out_of_minutes, minutes=1)


def test_one_that_a_person_paused_stays_paused_with_its_new_minutes(study: Study) -> None:
    run = start_annotate(actor=study.created_by, study=study, plan=PLAN)
    pause(actor=study.created_by, run=run)
    assert extend(actor=study.created_by, run=run, minutes=1).state == RunState.PAUSED


def test_one_that_a_stop_paused_at_its_limit_waits_for_minutes_after_it(study: Study, out_of_minutes: Run) -> None:
    Run.objects.update(pause_reason="its budget is stopped: Enough")
    stop_everything(actor=study.created_by, budget=study.budget, reason="Enough")
    resume(actor=study.created_by, budget=study.budget)
    sweep()
    assert in_state(out_of_minutes, RunState.PAUSED)
    assert out_of_minutes.pause_reason == "its 1 minutes are used up"


def test_a_running_run_is_given_more_minutes_without_being_interrupted(study: Study) -> None:
    run = start_annotate(actor=study.created_by, study=study, plan=RunPlan(num_seeds=1, steps=60, max_minutes=1))
    Run.objects.filter(pk=run.pk).update(max_seconds=8)
    extend(actor=study.created_by, run=run, minutes=1)
    supervise(run_id=run.pk)
    assert in_state(run, RunState.SUCCEEDED)
    assert run.attempts.count() == 1
