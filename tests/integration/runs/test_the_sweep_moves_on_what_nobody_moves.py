import json
from datetime import timedelta
from decimal import Decimal

import pytest
from celery import current_app
from django.utils import timezone

from budgets.models import Budget, Path
from runs.control import start_annotate, start_distil
from runs.execution import leases
from runs.models import Attempt, Ending, Run, RunKind, RunState
from runs.requests import RunPlan, device_price
from runs.supervision import sweep
from studies.models import Study
from tests.factories import place_hold
from tests.integration.runs.world import in_state, is_reconciled

PLAN = RunPlan(num_seeds=1, steps=4, teacher_steps=4, max_minutes=1)


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The runs a worker was told of."""
    runs: list[int] = []
    monkeypatch.setattr(current_app, "send_task", lambda name, kwargs, **_: runs.append(kwargs["run_id"]))
    return runs


def lose(run: Run, *, seconds: int) -> Attempt:
    """Leave a claimed run as a worker does that died after so many seconds of training."""
    claim = leases.claim_run(run_id=run.pk)
    assert claim is not None
    past = timezone.now() - timedelta(minutes=1)
    Run.objects.filter(pk=run.pk).update(lease_until=past)
    attempt = Attempt.objects.filter(pk=claim.attempt_id)
    attempt.update(pid=2**22 + 1, started_at=past, heartbeat_at=past + timedelta(seconds=seconds))
    return attempt.get()


def lose_unrecorded(study: Study, *, told_after: timedelta) -> Attempt:
    """Leave a run whose worker died before it wrote down its trainer; a trainer told of its stages at that time."""
    run = start_annotate(actor=study.created_by, study=study, plan=PLAN)
    attempt = lose(run, seconds=0)
    Attempt.objects.filter(pk=attempt.pk).update(pid=None)
    run.folder.mkdir(parents=True)
    told = {"at": (attempt.started_at + told_after).isoformat(), "stages": {"start": 1.5, "train": 2.0}}
    (run.folder / "progress.json").write_text(json.dumps(told))
    return attempt


def test_a_lost_attempt_is_billed_until_its_last_heartbeat_and_tried_again(study: Study, sent: list[int]) -> None:
    run = start_annotate(actor=study.created_by, study=study, plan=PLAN)
    attempt = lose(run, seconds=10)

    sweep()

    attempt.refresh_from_db()
    assert (attempt.ending, attempt.device_seconds) == (Ending.LOST, 10)
    assert in_state(run, RunState.QUEUED)
    assert sent == [run.pk, run.pk]
    assert is_reconciled(study)


def test_one_whose_worker_died_before_it_knew_its_trainer_is_billed_by_the_trainers_word(
    study: Study, sent: list[int]
) -> None:
    attempt = lose_unrecorded(study, told_after=timedelta(seconds=9))

    sweep()

    attempt.refresh_from_db()
    assert (attempt.ending, attempt.device_seconds) == (Ending.LOST, Decimal("3.5"))
    assert is_reconciled(study)


def test_what_an_earlier_trainer_told_is_not_billed_to_an_attempt_that_started_none(
    study: Study, sent: list[int]
) -> None:
    attempt = lose_unrecorded(study, told_after=timedelta(seconds=-9))

    sweep()

    attempt.refresh_from_db()
    assert (attempt.ending, attempt.device_seconds) == (Ending.LOST, 0)
    assert is_reconciled(study)


def test_two_sweeps_bill_it_once(study: Study, sent: list[int]) -> None:
    run = start_annotate(actor=study.created_by, study=study, plan=PLAN)
    lose(run, seconds=10)

    sweep()
    sweep()

    assert study.budget.entries.count() == 1


def test_the_third_loss_ends_the_run_and_its_hold(study: Study, sent: list[int]) -> None:
    run = start_annotate(actor=study.created_by, study=study, plan=PLAN)
    for _ in range(3):
        lose(run, seconds=1)
        sweep()

    assert in_state(run, RunState.FAILED)
    assert Budget.objects.get(pk=study.budget_id).held == 0


def test_a_lost_run_whose_cancel_was_asked_for_is_cancelled(study: Study, sent: list[int]) -> None:
    run = start_annotate(actor=study.created_by, study=study, plan=PLAN)
    lose(run, seconds=1)
    Run.objects.filter(pk=run.pk).update(cancel_requested_at=timezone.now())

    sweep()

    assert in_state(run, RunState.CANCELLED)
    assert is_reconciled(study)


def test_a_live_lease_is_left_alone(study: Study, sent: list[int]) -> None:
    run = start_annotate(actor=study.created_by, study=study, plan=PLAN)
    leases.claim_run(run_id=run.pk)

    sweep()

    assert in_state(run, RunState.RUNNING)


def test_a_message_that_may_be_lost_is_sent_again_ever_more_rarely(study: Study, sent: list[int]) -> None:
    run = start_annotate(actor=study.created_by, study=study, plan=PLAN)
    for seconds in (9, 11, 11, 21):
        Run.objects.filter(pk=run.pk).update(sent_at=timezone.now() - timedelta(seconds=seconds))
        sweep()

    assert len(sent) == 1 + 2


def test_a_waiting_run_whose_earlier_run_is_done_is_queued(study: Study, sent: list[int]) -> None:
    start_distil(actor=study.created_by, study=study, num_unlabelled=4, plan=PLAN)
    Run.objects.filter(kind=RunKind.FINETUNE_TEACHER).update(state=RunState.SUCCEEDED)

    sweep()

    assert Run.objects.get(kind=RunKind.SCORE).state == RunState.QUEUED


def test_a_waiting_run_whose_earlier_run_failed_is_cancelled(study: Study, sent: list[int]) -> None:
    start_distil(actor=study.created_by, study=study, num_unlabelled=4, plan=PLAN)
    Run.objects.filter(kind=RunKind.FINETUNE_TEACHER).update(state=RunState.FAILED)

    sweep()

    assert Run.objects.get(kind=RunKind.DISTIL).state == RunState.CANCELLED
    assert Budget.objects.get(pk=study.budget_id).held == 0


def test_a_hold_that_an_ended_run_left_open_is_released_with_a_reason(study: Study, sent: list[int]) -> None:
    run = start_annotate(actor=study.created_by, study=study, plan=PLAN)
    Run.objects.update(state=RunState.FAILED)

    sweep()

    hold = study.budget.holds.get()
    assert (hold.source_key, hold.close_reason) == (run.source_key, "the run had ended")
    assert Budget.objects.get(pk=study.budget_id).held == 0


def test_a_hold_that_no_run_has_is_released_with_a_reason(study: Study, sent: list[int]) -> None:
    price = device_price(study)
    place_hold(budget=study.budget, source_key="run:0", amount=Decimal(1), price=price, path=Path.DISTIL)

    sweep()

    assert study.budget.holds.get().close_reason == "abandoned: no run has it"
    assert Budget.objects.get(pk=study.budget_id).held == 0


def test_holds_of_live_runs_and_of_others_are_left_alone(study: Study, sent: list[int]) -> None:
    start_annotate(actor=study.created_by, study=study, plan=PLAN)
    price = device_price(study)
    place_hold(budget=study.budget, source_key="assignment:a:1", amount=Decimal(1), price=price)

    sweep()

    assert study.budget.holds.filter(closed_at__isnull=True).count() == 2


def test_one_run_that_cannot_be_moved_keeps_no_other(
    study: Study, sent: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    stuck = start_annotate(actor=study.created_by, study=study, plan=PLAN)
    lost = start_annotate(actor=study.created_by, study=study, num_labels=4, plan=PLAN)
    for run in (stuck, lost):
        lose(run, seconds=1)
    Run.objects.filter(pk=stuck.pk).update(hold=None)

    with pytest.raises(ExceptionGroup, match="could not be moved on"):
        sweep()

    assert in_state(lost, RunState.QUEUED)
