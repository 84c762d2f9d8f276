from collections.abc import Callable

from budgets.models import LedgerEntry
from runs.control import start_annotate, start_distil
from runs.models import Artifact, ArtifactKind, Evaluation, Run, RunKind, RunState
from runs.requests import RunPlan
from runs.supervision import supervise
from studies.models import Study
from tests.integration.runs.world import finish_all, is_reconciled

PLAN = RunPlan(num_seeds=1, steps=4, teacher_steps=4, max_minutes=1)


def test_a_student_is_trained_measured_and_billed(study: Study) -> None:
    run = start_annotate(actor=study.created_by, study=study, num_labels=6, plan=PLAN)

    supervise(run_id=run.pk)

    run.refresh_from_db()
    attempt = run.attempts.get()
    assert run.state == RunState.SUCCEEDED
    assert attempt.entry is not None and run.hold is not None
    assert attempt.entry.amount == attempt.device_seconds / 1000  # 3.60 an hour is 0.001 a second
    assert run.hold.closed_at is not None
    assert is_reconciled(study)


def test_its_measures_are_kept_with_their_intervals_and_the_baseline(study: Study) -> None:
    run = start_annotate(actor=study.created_by, study=study, plan=PLAN)

    supervise(run_id=run.pk)

    test = run.artifact.evaluations.get(split="test", metric="accuracy")
    assert (test.low, test.value, test.high, test.baseline) == (0.7, 0.8, 0.9, 0.5)
    assert run.artifact.evaluations.filter(split="dev").exists()
    assert run.artifact.path.is_dir()


def test_a_distil_chain_makes_teacher_soft_labels_and_student(study: Study) -> None:
    last = start_distil(actor=study.created_by, study=study, num_labels=8, num_unlabelled=12, plan=PLAN)

    finish_all()

    last.refresh_from_db()
    assert last.state == RunState.SUCCEEDED
    assert last.artifact.kind == ArtifactKind.STUDENT
    assert last.artifact.num_pseudo_labels == 12
    kinds = [run.kind for run in Run.objects.order_by("pk")]
    assert kinds == [RunKind.FINETUNE_TEACHER, RunKind.SCORE, RunKind.DISTIL]
    assert LedgerEntry.objects.count() == 3


def test_an_input_the_trainer_refuses_fails_the_run_with_its_reason(make_study: Callable[..., Study]) -> None:
    study = make_study("refusing")
    run = start_annotate(actor=study.created_by, study=study, plan=PLAN)

    supervise(run_id=run.pk)

    run.refresh_from_db()
    assert run.state == RunState.FAILED
    assert run.error == "The model is not there. Name another."
    assert run.attempts.count() == 1


def test_a_result_that_cannot_be_registered_fails_the_run_which_is_paid_once(
    make_study: Callable[..., Study],
) -> None:
    study = make_study("odd-result")
    run = start_annotate(actor=study.created_by, study=study, plan=PLAN)

    supervise(run_id=run.pk)

    run.refresh_from_db()
    assert run.state == RunState.FAILED
    assert "result.json is invalid (KeyError: 'high')" in run.error
    assert not Artifact.objects.exists() and not Evaluation.objects.exists()
    assert study.budget.entries.count() == 1 and not study.budget.holds.filter(closed_at__isnull=True).exists()
    assert is_reconciled(study)


def test_a_trainer_that_always_crashes_is_given_up_after_three_paid_attempts(
    make_study: Callable[..., Study],
) -> None:
    study = make_study("crashing")
    run = start_annotate(actor=study.created_by, study=study, plan=PLAN)

    finish_all()

    run.refresh_from_db()
    assert run.state == RunState.FAILED
    assert "3 interrupted attempts" in run.error
    assert [attempt.entry is not None for attempt in run.attempts.all()] == [True, True, True]
    assert is_reconciled(study)


def test_a_crash_goes_on_from_its_checkpoint(make_study: Callable[..., Study]) -> None:
    study = make_study("crashing-once")
    run = start_annotate(actor=study.created_by, study=study, plan=RunPlan(num_seeds=1, steps=30, max_minutes=1))

    finish_all()

    run.refresh_from_db()
    assert run.state == RunState.SUCCEEDED
    assert run.attempts.count() == 2
    assert "starting at step 10" in (run.folder / "log.txt").read_text()


def test_a_run_that_is_not_queued_is_left_alone(study: Study) -> None:
    run = start_annotate(actor=study.created_by, study=study, plan=PLAN)
    supervise(run_id=run.pk)

    supervise(run_id=run.pk)
    supervise(run_id=0)

    assert run.attempts.count() == 1
