import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

import pytest

from budgets.models import Budget, Path
from reports.bills import BillSection, bill_of
from runs.control import StartedRuns, cancel, cancelled_with, start_runs
from runs.execution import ParentArtifactMissing
from runs.models import Run, RunKind, RunState
from runs.money import WorstCaseDoesNotFit
from runs.queries import seeds_of, teachers_by_seed
from runs.requests import RunPlan, RunRequest
from runs.supervision import supervise, sweep
from studies.models import Study
from tests.integration.runs.world import finish_all, is_reconciled
from web.presenters import quote_runs

TEACHER, SCORE, STUDENT = RunKind.FINETUNE_TEACHER, RunKind.SCORE, RunKind.DISTIL


def asked(study: Study, *, num_seeds: int = 3, minutes: int = 1) -> RunRequest:
    plan = RunPlan(
        recipe="finetune",
        num_seeds=num_seeds,
        seed=0,
        teacher_seeds="each",
        steps=1,
        teacher_steps=1,
        max_minutes=minutes,
    )
    return RunRequest(study=study, path=Path.DISTIL, plan=plan, num_unlabelled=4)


def start(study: Study, **changes: int) -> StartedRuns:
    return start_runs(actor=study.created_by, request=asked(study, **changes))


def held(study: Study) -> Decimal:
    return Budget.objects.get(pk=study.budget_id).held


def run_of(kind: RunKind, seed: int) -> Run:
    return Run.objects.filter(kind=kind, seed=seed).latest("pk")


def by_state() -> dict[str, list[tuple[str, int]]]:
    found: dict[str, list[tuple[str, int]]] = {}
    for run in Run.objects.order_by("pk"):
        found.setdefault(run.state, []).append((run.kind, run.seed))
    return found


def test_a_student_learns_of_each_seed_from_its_own_teacher_and_pays_each_once(study: Study) -> None:
    quote = quote_runs(asked(study))
    student = start(study).last
    assert quote is not None
    assert [(line.kind, line.num_runs) for line in quote.estimate.lines] == [(TEACHER, 3), (SCORE, 3), (STUDENT, 1)]
    assert held(study) == quote.amount
    assert student.state == RunState.WAITING

    finish_all()

    student.refresh_from_db()
    assert student.state == RunState.SUCCEEDED
    spec = json.loads((student.folder / "spec.json").read_text())
    scored = [run_of(SCORE, seed) for seed in range(3)]
    assert spec["teachers"] == [{"seed": one.seed, "soft_labels": str(one.artifact.path)} for one in scored]
    assert "soft_labels" not in spec["data"]
    assert teachers_by_seed(student) == {seed: run_of(TEACHER, seed) for seed in range(3)}
    bill = bill_of(artifact=student.artifact)
    assert [len(line.charges) for line in bill.lines] == [0, 3, 3, 1]
    assert bill.total == sum(entry.amount for entry in study.budget.entries.all())
    assert is_reconciled(study)
    assert held(study) == 0


def test_a_teacher_that_fails_leaves_out_its_own_seed_alone(make_study: Callable[..., Study]) -> None:
    study = make_study(teacher="refusing-seed-1")
    student = start(study).last

    finish_all()

    student.refresh_from_db()
    failed = run_of(TEACHER, 1)
    assert by_state() == {
        RunState.SUCCEEDED: [(TEACHER, 0), (SCORE, 0), (TEACHER, 2), (SCORE, 2), (STUDENT, 0)],
        RunState.FAILED: [(TEACHER, 1)],
        RunState.CANCELLED: [(SCORE, 1)],
    }
    assert (seeds_of(student), student.search["num_seeds"]) == ([0, 2], 2)
    assert student.left_out == [{"seed": 1, "because": f"{failed} failed"}]
    spec = json.loads((student.folder / "spec.json").read_text())
    assert ([one["seed"] for one in spec["teachers"]], spec["search"]["num_seeds"]) == ([0, 2], 2)
    paid = bill_of(artifact=student.artifact).line(BillSection.TEACHER_TRAINING)
    assert len(paid.charges) == 2
    assert held(study) == 0
    assert is_reconciled(study)

    again = start(study)
    assert [(run.kind, run.seed) for run in again.new] == [(TEACHER, 1), (SCORE, 1), (STUDENT, 0)]
    finish_all()
    assert Run.objects.filter(kind=STUDENT, state=RunState.SUCCEEDED).count() == 2


def test_with_one_teacher_left_its_student_is_of_that_seed(make_study: Callable[..., Study]) -> None:
    study = make_study(teacher="refusing-seed-0")
    student = start(study, num_seeds=2).last
    finish_all()
    spec = json.loads((student.folder / "spec.json").read_text())
    assert (spec["seed"], spec["search"]["num_seeds"], "teachers" in spec) == (1, 1, False)
    assert spec["data"]["soft_labels"] == str(run_of(SCORE, 1).artifact.path)


def test_without_any_teacher_there_is_no_student(make_study: Callable[..., Study]) -> None:
    study = make_study(teacher="refusing")
    student = start(study).last
    finish_all()
    student.refresh_from_db()
    assert student.state == RunState.CANCELLED
    assert held(study) == 0
    assert is_reconciled(study)


def test_cancelling_the_student_cancels_all_of_it(study: Study) -> None:
    student = start(study).last
    assert len(cancelled_with(run=student)) == 6
    cancel(actor=study.created_by, run=student)
    assert list(by_state()) == [RunState.CANCELLED]
    assert held(study) == 0


@pytest.mark.parametrize("kind", [TEACHER, SCORE])
def test_cancelling_a_teacher_or_its_scoring_leaves_the_others_alone(study: Study, kind: RunKind) -> None:
    student = start(study).last
    run = run_of(kind, 2)
    assert [(one.kind, one.seed) for one in cancelled_with(run=run)] == [
        (other, 2) for other in (TEACHER, SCORE) if other != kind
    ]
    cancel(actor=study.created_by, run=run)
    assert by_state()[RunState.CANCELLED] == [(TEACHER, 2), (SCORE, 2)]
    student.refresh_from_db()
    assert (student.state, seeds_of(student)) == (RunState.WAITING, [0, 1])
    assert is_reconciled(study)


def test_more_seeds_take_the_teachers_that_are_there_and_train_further_ones(study: Study) -> None:
    start(study, num_seeds=2)
    finish_all()
    more = start(study, num_seeds=3)
    assert [(run.kind, run.seed) for run in more.new] == [(TEACHER, 2), (SCORE, 2), (STUDENT, 0)]
    assert [(run.kind, run.seed) for run in more.reused] == [(TEACHER, 0), (SCORE, 0), (TEACHER, 1), (SCORE, 1)]
    assert start(study, num_seeds=3).new == []


def test_what_does_not_fit_as_a_whole_starts_nothing(make_study: Callable[..., Study]) -> None:
    study = make_study(limit="0.41")
    with pytest.raises(WorstCaseDoesNotFit):
        start(study)
    assert not Run.objects.exists()
    assert held(study) == 0


def test_the_sweep_leaves_out_a_seed_whose_end_nobody_carried_on(study: Study) -> None:
    student = start(study).last
    for seed in range(2):
        Run.objects.filter(kind__in=[TEACHER, SCORE], seed=seed).update(state=RunState.SUCCEEDED)
    Run.objects.filter(kind=TEACHER, seed=2).update(state=RunState.FAILED)
    sweep()
    student.refresh_from_db()
    assert (student.state, seeds_of(student)) == (RunState.QUEUED, [0, 1])
    assert run_of(SCORE, 2).state == RunState.CANCELLED
    assert not study.budget.holds.filter(run=run_of(SCORE, 2), closed_at__isnull=True).exists()


def test_what_a_gone_teacher_made_is_named_before_money_is_held_and_the_others_stay(study: Study) -> None:
    student = start(study).last
    for run in Run.objects.exclude(pk=student.pk).order_by("pk"):
        supervise(run_id=run.pk)
    gone = [run_of(SCORE, 1), run_of(SCORE, 2)]
    asides = [run.folder.rename(run.folder.with_name(f"aside-{run.seed}")) for run in gone]
    supervise(run_id=student.pk)

    student.refresh_from_db()
    spent = Budget.objects.get(pk=study.budget_id).spent
    assert (student.state, held(study)) == (RunState.FAILED, 0)
    for run in gone:
        assert f"of seed {run.seed}, {run}: {run.artifact.folder}" in student.error
    with pytest.raises(ParentArtifactMissing, match="of these folders 2 are missing from the runs: of seed 1, "):
        start(study)
    assert (Run.objects.count(), held(study)) == (7, 0)
    assert by_state()[RunState.SUCCEEDED] == [(kind, seed) for seed in range(3) for kind in (TEACHER, SCORE)]

    for run, aside in zip(gone, asides, strict=True):
        aside.rename(run.folder)
    again = start(study)
    assert [run.kind for run in again.new] == [STUDENT]
    finish_all()
    again.last.refresh_from_db()
    assert (again.last.state, seeds_of(again.last)) == (RunState.SUCCEEDED, [0, 1, 2])
    assert Budget.objects.get(pk=study.budget_id).spent > spent
    assert is_reconciled(study)


def test_a_teacher_that_is_gone_before_it_scored_leaves_out_its_own_seed_alone(study: Study) -> None:
    student = start(study).last
    for seed in range(3):
        supervise(run_id=run_of(TEACHER, seed).pk)
    gone = run_of(TEACHER, 1)
    shutil.rmtree(gone.artifact.path)

    finish_all()

    student.refresh_from_db()
    scoring = run_of(SCORE, 1)
    assert scoring.state == RunState.FAILED and gone.artifact.folder in scoring.error
    assert (student.state, seeds_of(student)) == (RunState.SUCCEEDED, [0, 2])
    assert student.left_out == [{"seed": 1, "because": f"{scoring} failed"}]
    assert held(study) == 0 and is_reconciled(study)


def test_other_seeds_share_what_is_there_of_the_old_ones(study: Study) -> None:
    start(study, num_seeds=2)
    finish_all()
    shutil.rmtree(run_of(SCORE, 0).artifact.path)
    request = asked(study, num_seeds=2)
    request = replace(request, plan=replace(request.plan, seed=1))
    new = start_runs(actor=study.created_by, request=request).new
    assert [(run.kind, run.seed) for run in new] == [(TEACHER, 2), (SCORE, 2), (STUDENT, 1)]
