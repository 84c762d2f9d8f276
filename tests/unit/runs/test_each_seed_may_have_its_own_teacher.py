"""The chain of a request, which is the same for its quote, its checks and its start."""

from typing import Any

import pytest

from budgets.models import Path
from config.refusals import Refusal
from runs.models import RunKind
from runs.requests import Chain, Inputs, RunPlan, RunRequest, chain_of
from runs.requests.plan import PlanInvalid
from studies.models import Study

SMALL = {"source": "package", "name": "paraphrase-MiniLM-L3-v2", "revision": None}
LARGE = {"source": "package", "name": "all-mpnet-base-v2", "revision": None}
UNKNOWN = {"source": "folder", "name": "/nowhere", "revision": None}
EACH: dict[str, Any] = {"teacher_seeds": "each"}
TEACHER, SCORE, STUDENT = RunKind.FINETUNE_TEACHER, RunKind.SCORE, RunKind.DISTIL


def chain(*, teacher: dict[str, Any] = LARGE, num_labels: int = 4000, seed: int = 7, **plan: Any) -> Chain:
    study = Study(task_type="text_classification", labels=["a", "b"], metric="accuracy", seed=seed, student_model=SMALL)
    study.teacher_model = teacher
    request = RunRequest(study=study, path=Path.DISTIL, plan=RunPlan(**plan), num_unlabelled=60)
    return chain_of(
        request=request,
        inputs=Inputs(study=study, num_labels=num_labels, num_unlabelled=60, num_dev=20, num_test=20),
    )


def graph(found: Chain) -> list[tuple[RunKind, int, tuple[int, ...]]]:
    return [(run.kind, run.seed, run.after) for run in found.runs]


ONE = [(TEACHER, 7, ()), (SCORE, 7, (0,)), (STUDENT, 7, (1,))]


def test_each_seed_has_a_teacher_and_a_scoring_and_the_student_waits_for_all() -> None:
    found = chain(**EACH)
    assert graph(found) == [
        (TEACHER, 7, ()),
        (SCORE, 7, (0,)),
        (TEACHER, 8, ()),
        (SCORE, 8, (2,)),
        (TEACHER, 9, ()),
        (SCORE, 9, (4,)),
        (STUDENT, 7, (1, 3, 5)),
    ]
    assert (found.num_teachers, found.runs[-1].search["num_seeds"]) == (3, 3)


@pytest.mark.parametrize(
    ("plan", "why"),
    [
        ({"recipe": "frozen"}, "it is not trained, so that no seed changes it"),
        ({"recipe": "names"}, "it is not trained, so that no seed changes it"),
        ({"num_labels": 0}, "it is not trained, so that no seed changes it"),
        ({"num_labels": 6}, "it is not trained, so that no seed changes it"),
        ({"num_seeds": 1}, ""),
    ],
)
def test_no_second_teacher_is_bought_where_no_seed_changes_it(plan: dict[str, Any], why: str) -> None:
    found = chain(**plan, **EACH)
    assert graph(found) == ONE
    assert why in found.teachers_why


def test_one_that_scores_as_it_is_is_scored_with_once() -> None:
    assert graph(chain(untrained_teacher=True, **EACH)) == [(SCORE, 7, ()), (STUDENT, 7, (0,))]


def test_where_it_is_cheap_each_seed_has_its_own_unless_one_is_asked_for() -> None:
    found = chain(teacher=SMALL)
    assert found.num_teachers == 3
    assert "1.7 times the compute" in found.teachers_why
    assert graph(chain(teacher=SMALL, teacher_seeds="one")) == ONE


def test_a_teacher_far_larger_than_its_student_is_one_for_all() -> None:
    found = chain()
    assert graph(found) == ONE
    assert found.teachers_why.startswith("One teacher for all 3 seeds: with one for each the runs take 2.")
    assert found.teachers_why.endswith("Intervals leave out how teachers of other seeds differ.")


def test_one_whose_size_is_not_known_is_one_for_all() -> None:
    found = chain(teacher=UNKNOWN)
    assert graph(found) == ONE
    assert "the size of /nowhere or paraphrase-MiniLM-L3-v2 is not known" in found.teachers_why


@pytest.mark.parametrize(
    ("plan", "said"),
    [({"teacher_run": 5}, "the teacher, run 5, is one"), ({"teacher_only": True}, "the teacher alone is trained")],
)
def test_a_teacher_for_each_seed_goes_with_no_other_teacher(plan: dict[str, Any], said: str) -> None:
    with pytest.raises(PlanInvalid, match=f"teacher_seeds: {said}"):
        RunPlan(**plan, **EACH)


def test_seeds_beyond_the_largest_are_refused() -> None:
    with pytest.raises(Refusal, match="3 seeds from 2147483646 end above 2147483647"):
        chain(seed=2**31 - 2, **EACH)
