import pytest

from accounts.models import AuditRecord, Role
from accounts.permissions import Forbidden
from budgets.limits import resume as resume_budget
from budgets.limits import stop_everything
from runs.control import cancel, pause, resume, start_annotate, start_distil
from runs.control.extending import RunOver
from runs.control.pausing import NothingToPause, OutOfMinutes
from runs.execution import Trainer
from runs.models import Ending, Run, RunKind, RunState
from runs.requests import RunPlan
from runs.supervision import supervise, sweep
from studies.models import Study
from tests import factories
from tests.integration.runs.world import being_supervised, finish_all, in_state, is_reconciled

PLAN = RunPlan(num_seeds=1, steps=60, teacher_steps=60, max_minutes=1)


@pytest.fixture
def run(study: Study) -> Run:
    return start_annotate(actor=study.created_by, study=study, plan=PLAN)


@pytest.fixture
def paused(run: Run) -> Run:
    return pause(actor=run.created_by, run=run)


def test_a_running_run_pauses_and_says_by_whom(run: Run) -> None:
    with being_supervised(run):
        pause(actor=run.created_by, run=run)

    assert in_state(run, RunState.PAUSED)
    assert run.pause_reason == f"paused by {run.created_by.email}"
    assert run.attempts.get().ending == Ending.PAUSED
    assert is_reconciled(run.study)


def test_a_queued_run_pauses_at_once_and_is_not_taken(paused: Run) -> None:
    supervise(run_id=paused.pk)
    assert in_state(paused, RunState.PAUSED)
    assert not paused.attempts.exists()


def test_no_sweep_moves_it(paused: Run) -> None:
    sweep()
    assert in_state(paused, RunState.PAUSED)


def test_it_goes_on_when_a_person_says_so(paused: Run) -> None:
    assert resume(actor=paused.created_by, run=paused).state == RunState.QUEUED
    finish_all()
    assert in_state(paused, RunState.SUCCEEDED)


def test_under_a_stop_it_goes_on_only_after_it(paused: Run) -> None:
    budget = paused.study.budget
    stop_everything(actor=paused.created_by, budget=budget, reason="Enough")
    resume(actor=paused.created_by, run=paused)
    assert in_state(paused, RunState.PAUSED)

    resume_budget(actor=paused.created_by, budget=budget)
    sweep()

    assert in_state(paused, RunState.QUEUED)


def test_without_minutes_it_cannot_go_on(paused: Run) -> None:
    Run.objects.update(max_seconds=5)
    with pytest.raises(OutOfMinutes, match="more minutes first"):
        resume(actor=paused.created_by, run=paused)


def test_a_crash_after_the_request_pauses_it_too(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    Run.objects.update(model={"source": "hub", "name": "stand-in/crashing", "revision": None})
    wait = Trainer.wait

    def wait_for_the_crash(trainer: Trainer, seconds: float) -> int | None:
        pause(actor=run.created_by, run=run)
        return wait(trainer, 20)

    monkeypatch.setattr(Trainer, "wait", wait_for_the_crash)
    supervise(run_id=run.pk)
    assert in_state(run, RunState.PAUSED)
    assert run.attempts.get().ending == Ending.CRASHED


def test_what_waits_for_an_earlier_run_is_not_paused(study: Study) -> None:
    start_distil(actor=study.created_by, study=study, num_unlabelled=4, plan=PLAN)
    with pytest.raises(NothingToPause, match="Pause that one"):
        pause(actor=study.created_by, run=Run.objects.get(kind=RunKind.SCORE))


def test_an_ended_run_is_not_paused(run: Run) -> None:
    cancel(actor=run.created_by, run=run)
    with pytest.raises(RunOver):
        pause(actor=run.created_by, run=run)


def test_pausing_and_resuming_are_written_down_once(paused: Run) -> None:
    pause(actor=paused.created_by, run=paused)
    resume(actor=paused.created_by, run=paused)
    resume(actor=paused.created_by, run=paused)
    actions = AuditRecord.objects.filter(action__in=["run.pause", "run.resume"]).values_list("action", flat=True)
    assert sorted(actions) == ["run.pause", "run.resume"]


def test_an_annotator_neither_pauses_nor_resumes(run: Run) -> None:
    for operation in (pause, resume):
        with pytest.raises(Forbidden):
            operation(actor=factories.person(Role.ANNOTATOR), run=run)
