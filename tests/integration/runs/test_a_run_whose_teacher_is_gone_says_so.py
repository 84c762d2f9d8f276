import shutil
from decimal import Decimal

import pytest

from budgets.models import Budget
from notices.models import Notice
from runs.control import start_distil
from runs.execution import ParentArtifactMissing
from runs.models import Ending, Run, RunKind, RunState
from runs.requests import RunPlan
from runs.supervision import supervise
from studies.models import Split, Study
from tests import factories
from tests.integration.runs.world import finish_all, in_state, is_reconciled, stand_in

PLAN = RunPlan(num_seeds=1, steps=2, teacher_steps=2, max_minutes=1, distil_from="on_policy")


@pytest.fixture
def study(transactional_db: None) -> Study:
    prices = factories.price_book(cpu_hour="3.60")
    model = stand_in()
    made = factories.study(
        task_type="text_generation", labels=(), prices=prices, student_model=model, teacher_model=model
    )
    for split in (Split.POOL, Split.TEST):
        texts = [f"{split} {number}" for number in range(6)]
        factories.examples(made, texts, split=split, labels=['["good"]', '["bad"]'] * 3)
    factories.examples(made, [f"unlabelled {number}" for number in range(6)])
    return made


def start(study: Study, **changes: int) -> Run:
    plan = RunPlan(**{**vars(PLAN), **changes})
    return start_distil(actor=study.created_by, study=study, num_unlabelled=6, plan=plan)


def run_of(kind: RunKind) -> Run:
    return Run.objects.get(kind=kind)


def scored(study: Study) -> Run:
    """Give a student whose teacher was trained and has scored."""
    student = start(study)
    for kind in (RunKind.FINETUNE_TEACHER, RunKind.SCORE):
        supervise(run_id=run_of(kind).pk)
    return student


@pytest.mark.parametrize("kind", [RunKind.FINETUNE_TEACHER, RunKind.SCORE])
def test_it_fails_at_once_with_the_way_out_and_gives_its_hold_back(study: Study, kind: RunKind) -> None:
    student, parent = scored(study), run_of(kind)
    shutil.rmtree(parent.artifact.path)

    supervise(run_id=student.pk)

    assert in_state(student, RunState.FAILED)
    gone = f"{parent} made, and that folder is missing from the runs: {parent.artifact.folder}. Restore it"
    assert gone in student.error and "start it with another seed or teacher" in student.error
    attempt = student.attempts.get()
    assert (attempt.ending, attempt.device_seconds) == (Ending.FAILED, Decimal(0))
    assert Budget.objects.get(pk=study.budget_id).held == 0
    assert student.error in Notice.objects.get(kind="run_failed").body
    assert is_reconciled(study)


def test_an_equal_request_is_refused_until_the_folder_is_back(study: Study) -> None:
    student, teacher = scored(study), run_of(RunKind.FINETUNE_TEACHER)
    aside = teacher.folder.with_name("aside")
    teacher.folder.rename(aside)
    supervise(run_id=student.pk)

    with pytest.raises(ParentArtifactMissing, match="Distil the student needs what Fine-tune the teacher"):
        start(study)

    assert Run.objects.count() == 3 and Budget.objects.get(pk=study.budget_id).held == 0
    aside.rename(teacher.folder)
    again = start(study)
    finish_all()
    assert again != student and in_state(again, RunState.SUCCEEDED)


def test_another_seed_makes_all_of_it_anew(study: Study) -> None:
    student = scored(study)
    shutil.rmtree(run_of(RunKind.FINETUNE_TEACHER).folder)
    supervise(run_id=student.pk)

    again = start(study, seed=7)
    finish_all()

    assert in_state(again, RunState.SUCCEEDED) and Run.objects.count() == 6
    assert is_reconciled(study)
