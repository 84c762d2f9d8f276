from dataclasses import replace

import pytest

from budgets.models import Path
from runs.control import start_distil, start_runs
from runs.models import Run, RunKind
from runs.preflight import CheckLevel, preflight
from runs.requests import RunPlan, RunRequest, chain_of, count_inputs
from runs.requests.plan import PlanInvalid
from studies.models import Study
from web.forms.runs import SCORING, TEACHER, StartRunForm

PLAN = RunPlan(num_seeds=1, steps=4, teacher_steps=4, max_minutes=1)
ALONE = replace(PLAN, teacher_only=True)


def alone(study: Study) -> RunRequest:
    return RunRequest(study=study, path=Path.DISTIL, plan=ALONE, num_labels=8)


def test_a_teacher_alone_is_one_run_with_one_hold(study: Study) -> None:
    started = start_runs(actor=study.created_by, request=alone(study))
    assert [run.kind for run in Run.objects.all()] == [RunKind.FINETUNE_TEACHER]
    assert started.last.path == Path.DISTIL and started.last.num_labels == 8
    assert study.budget.holds.count() == 1


def test_a_later_distillation_uses_it(study: Study) -> None:
    teacher = start_runs(actor=study.created_by, request=alone(study)).last
    last = start_distil(actor=study.created_by, study=study, num_labels=8, num_unlabelled=4, plan=PLAN)
    assert last.parents.get().parents.get() == teacher
    assert Run.objects.filter(kind=RunKind.FINETUNE_TEACHER).count() == 1


def test_it_is_checked_without_a_student(study: Study) -> None:
    request = alone(study)
    chain = chain_of(request=request, inputs=count_inputs(request))
    assert set(chain.models) == {"teacher"}
    results = preflight(chain)
    assert "Vocabulary" not in {result.topic for result in results}
    assert not [result for result in results if result.level == CheckLevel.REFUSED]


@pytest.mark.parametrize("other", [{"teacher_run": 1}, {"untrained_teacher": True}])
def test_a_teacher_that_is_named_is_not_trained_alone(other: dict[str, int]) -> None:
    with pytest.raises(PlanInvalid, match="Name no other teacher"):
        RunPlan(teacher_only=True, **other)  # type: ignore[arg-type]  # a value of either type


def test_the_start_page_asks_for_no_unlabelled_examples_of_it(study: Study) -> None:
    form = StartRunForm({"path": TEACHER, "num_labels": "8", "num_unlabelled": "50"})
    form.is_valid()
    assert "num_unlabelled" not in form.errors
    request = form.run_request(study)
    assert (request.path, request.plan.teacher_only, request.num_to_score) == (Path.DISTIL, True, 0)


def test_scores_alone_need_a_model_and_a_number_and_teach_nobody(study: Study) -> None:
    with pytest.raises(PlanInvalid, match="name its run as the teacher"):
        RunPlan(score_only=True)
    form = StartRunForm({"path": SCORING, "num_labels": "8"})
    assert not form.is_valid() and "num_unlabelled" in form.errors
    request = RunRequest(study=study, path=Path.DISTIL, plan=RunPlan(score_only=True, teacher_run=1), num_unlabelled=4)
    assert (request.num_to_score, request.plan.teaches) == (4, False)
