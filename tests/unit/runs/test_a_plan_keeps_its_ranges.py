import math
from dataclasses import fields
from typing import Any

import pytest

from runs.requests import RunPlan, settings_of
from runs.requests.plan import STUDENT_STEPS, TEACHER_STEPS, PlanInvalid
from training.spec import SearchSettings, TrainingSettings

SETTINGS = settings_of(RunPlan)
LISTS = sorted(name for name, setting in SETTINGS.items() if setting.longest)
NUMBERS = sorted(name for name, setting in SETTINGS.items() if setting.most and not setting.longest)


@pytest.mark.parametrize("name", NUMBERS)
def test_a_value_beyond_its_range_is_refused_by_name(name: str) -> None:
    for value in (SETTINGS[name].least - 1, SETTINGS[name].most + 1):
        setting: dict[str, Any] = {name: value}
        with pytest.raises(PlanInvalid, match=name):
            RunPlan(**setting)


@pytest.mark.parametrize("value", ["8", True, 2.5, math.nan])
def test_a_count_that_is_no_whole_number_is_refused(value: Any) -> None:
    with pytest.raises(PlanInvalid, match="batch_size"):
        RunPlan(batch_size=value)


@pytest.mark.parametrize(("name", "values"), [("learning_rates", (math.nan,)), ("search_epochs", (2.5,))])
def test_a_number_of_a_list_is_refused_by_the_list(name: str, values: tuple[float, ...]) -> None:
    setting: dict[str, Any] = {name: values}
    with pytest.raises(PlanInvalid, match=name):
        RunPlan(**setting)


@pytest.mark.parametrize("name", LISTS)
def test_what_stands_twice_in_a_list_is_refused(name: str) -> None:
    least = int(SETTINGS[name].least) or 0.01
    setting: dict[str, Any] = {name: (least, least) if name.endswith("rates") else (1, 1)}
    with pytest.raises(PlanInvalid, match="duplicate value"):
        RunPlan(**setting)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"steps": 10, "search_epochs": (1, 2)}, "the search chooses the length"),
        ({"keep": 0.5}, "needs a filter"),
        ({"filter": "luck"}, "not one of none, confidence, random"),
        ({"self_distil": True, "teacher_run": 7}, "choose one of them"),
        ({"teacher_run": 7, "teacher_steps": 5}, "teacher_steps: the teacher, run 7, is trained already"),
        ({"teacher_run": 7, "teacher_epochs": 5}, "teacher_epochs: the teacher, run 7, is trained already"),
        ({"teacher_run": 7, "teacher_learning_rates": (1e-4,)}, "teacher_learning_rates: the teacher, run 7"),
        ({"teacher_run": 7, "segmentation": "word"}, "segmentation: the teacher, run 7, is trained already"),
        ({"learning_rates": ()}, "between 1 and 10"),
        ({"student_layers": (2, 0)}, "in increasing order"),
    ],
)
def test_settings_that_do_not_go_together_are_refused(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(PlanInvalid, match=said):
        RunPlan(**settings)


def test_steps_and_epochs_together_are_refused() -> None:
    with pytest.raises(PlanInvalid, match="give one of them"):
        RunPlan(steps=10, epochs=1)


def test_with_neither_given_the_default_steps_hold() -> None:
    plan = RunPlan()

    assert plan.for_student()["steps"] == STUDENT_STEPS
    assert plan.for_teacher()["steps"] == TEACHER_STEPS


def test_epochs_take_the_place_of_steps() -> None:
    assert RunPlan(epochs=3).for_student()["steps"] is None
    assert RunPlan(epochs=3).for_student()["epochs"] == 3


@pytest.mark.parametrize("part", ["for_student", "for_teacher", "for_scoring", "for_distilling"])
def test_the_trainer_knows_every_setting(part: str) -> None:
    known = {field.name for field in fields(TrainingSettings)}

    assert set(getattr(RunPlan(), part)()) <= known


FULL = RunPlan(
    pooling="max",
    patience=2,
    frozen_layers=1,
    num_seeds=3,
    search_epochs=(1, 2),
    filter="random",
    keep=0.5,
    gold_epochs=2,
)


@pytest.mark.parametrize("part", ["for_student", "for_teacher", "for_scoring", "for_distilling"])
def test_the_trainer_knows_every_setting_of_a_full_plan(part: str) -> None:
    known = {field.name for field in fields(TrainingSettings)}

    assert set(getattr(FULL, part)()) <= known


@pytest.mark.parametrize("search", [FULL.student_search(has_dev=True), FULL.teacher_search(has_dev=True)])
def test_the_trainer_takes_what_is_searched(search: dict[str, Any]) -> None:
    assert SearchSettings(**search).learning_rates


def test_both_paths_search_alike_and_the_teacher_tries_as_much() -> None:
    student, teacher = FULL.student_search(has_dev=True), FULL.teacher_search(has_dev=True)
    assert len(student["learning_rates"]) == len(teacher["learning_rates"]) == 2
    assert student["epochs"] == teacher["epochs"] == [1, 2]
    assert (student["num_seeds"], teacher.get("num_seeds", 1)) == (3, 1)


def test_without_dev_the_default_searches_nothing() -> None:
    plan = RunPlan(num_seeds=1)
    assert plan.student_search(has_dev=False) == plan.teacher_search(has_dev=False) == {}
    assert not RunPlan().searches and RunPlan(learning_rates=(1e-4, 3e-4)).searches


def test_a_student_is_trained_from_three_seeds_and_a_teacher_from_one() -> None:
    assert RunPlan().student_search(has_dev=False) == {"num_seeds": 3}
    assert RunPlan().teacher_search(has_dev=False) == {}


def test_one_rate_is_no_search() -> None:
    plan = RunPlan(learning_rates=(2e-3,), num_seeds=1)
    assert plan.student_search(has_dev=True) == {}
    assert plan.for_student()["learning_rate"] == 2e-3


def test_what_stands_at_its_default_is_not_said_so_that_older_requests_keep_their_key() -> None:
    shared = {"batch_size", "head_learning_rate_factor", "max_length"}
    plan = RunPlan(recipe="finetune")
    assert set(plan.for_teacher()) == {*shared, "steps", "epochs", "learning_rate"}
    assert RunPlan().distillation() == {}


def test_a_recipe_is_said_of_student_and_teacher_alike() -> None:
    assert RunPlan().recipe == "auto"
    assert RunPlan().for_student()["recipe"] == RunPlan().for_teacher()["recipe"] == "auto"
    assert "recipe" not in RunPlan(recipe="finetune").for_student()


def test_a_students_batches_are_no_reason_to_score_again() -> None:
    assert RunPlan(batch_size=32).for_scoring() == RunPlan().for_scoring()


def test_layers_that_are_kept_stand_with_the_student_model() -> None:
    model = {"source": "hub", "name": "a/b"}
    assert RunPlan().student_model(model) == model
    assert RunPlan(student_layers=(0, 2)).student_model(model)["layers"] == [0, 2]
