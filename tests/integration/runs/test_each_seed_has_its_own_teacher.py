import json
from collections.abc import Callable
from decimal import Decimal

import pytest

from budgets.models import Budget, Path
from reports.bills import BillSection, bill_of
from runs.control import StartedRuns, cancel, cancelled_with, start_runs
from runs.models import Run, RunKind, RunState
from runs.money import WorstCaseDoesNotFit
from runs.queries import seeds_of, teachers_by_seed
from runs.requests import RunPlan, RunRequest
from runs.supervision import sweep
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
