import math
from collections.abc import Callable
from dataclasses import fields
from typing import Any

import pytest

from runs.requests import RunPlan, settings_of
from runs.requests.plan import STUDENT_STEPS, TEACHER_STEPS, PlanInvalid
from runs.requests.trainer_settings import (
    distillation,
    distilling_settings,
    scoring_settings,
    student_model,
    student_search,
    student_settings,
    teacher_search,
    teacher_settings,
)
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

    assert student_settings(plan)["steps"] == STUDENT_STEPS
    assert teacher_settings(plan)["steps"] == TEACHER_STEPS


def test_epochs_take_the_place_of_steps() -> None:
    assert student_settings(RunPlan(epochs=3))["steps"] is None
    assert student_settings(RunPlan(epochs=3))["epochs"] == 3


PARTS = (student_settings, teacher_settings, scoring_settings, distilling_settings)


@pytest.mark.parametrize("part", PARTS)
def test_the_trainer_knows_every_setting(part: Callable[[RunPlan], dict[str, Any]]) -> None:
    known = {field.name for field in fields(TrainingSettings)}

    assert set(part(RunPlan())) <= known


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


@pytest.mark.parametrize("part", PARTS)
def test_the_trainer_knows_every_setting_of_a_full_plan(part: Callable[[RunPlan], dict[str, Any]]) -> None:
    known = {field.name for field in fields(TrainingSettings)}

    assert set(part(FULL)) <= known


@pytest.mark.parametrize("search", [student_search(FULL, has_dev=True), teacher_search(FULL, has_dev=True)])
def test_the_trainer_takes_what_is_searched(search: dict[str, Any]) -> None:
    assert SearchSettings(**search).learning_rates


def test_both_paths_search_alike_and_the_teacher_tries_as_much() -> None:
    student, teacher = student_search(FULL, has_dev=True), teacher_search(FULL, has_dev=True)
    assert len(student["learning_rates"]) == len(teacher["learning_rates"]) == 2
    assert student["epochs"] == teacher["epochs"] == [1, 2]
    assert (student["num_seeds"], teacher.get("num_seeds", 1)) == (3, 1)


def test_without_dev_the_default_searches_nothing() -> None:
    plan = RunPlan(num_seeds=1)
    assert student_search(plan, has_dev=False) == teacher_search(plan, has_dev=False) == {}
    assert not RunPlan().searches and RunPlan(learning_rates=(1e-4, 3e-4)).searches


def test_a_student_is_trained_from_three_seeds_and_a_teacher_from_one() -> None:
    assert student_search(RunPlan(), has_dev=False) == {"num_seeds": 3}
    assert teacher_search(RunPlan(), has_dev=False) == {}


def test_one_rate_is_no_search() -> None:
    plan = RunPlan(learning_rates=(2e-3,), num_seeds=1)
    assert student_search(plan, has_dev=True) == {}
    assert student_settings(plan)["learning_rate"] == 2e-3


def test_what_stands_at_its_default_is_not_said_so_that_older_requests_keep_their_key() -> None:
    shared = {"batch_size", "head_learning_rate_factor", "max_length"}
    plan = RunPlan(recipe="finetune")
    assert set(teacher_settings(plan)) == {*shared, "steps", "epochs", "learning_rate"}
    assert distillation(RunPlan()) == {}


def test_a_recipe_is_said_of_student_and_teacher_alike() -> None:
    assert RunPlan().recipe == "auto"
    assert student_settings(RunPlan())["recipe"] == teacher_settings(RunPlan())["recipe"] == "auto"
    assert "recipe" not in student_settings(RunPlan(recipe="finetune"))


def test_a_students_batches_are_no_reason_to_score_again() -> None:
    assert scoring_settings(RunPlan(batch_size=32)) == scoring_settings(RunPlan())


def test_layers_that_are_kept_stand_with_the_student_model() -> None:
    model = {"source": "hub", "name": "a/b"}
    assert student_model(RunPlan(), model) == model
    assert student_model(RunPlan(student_layers=(0, 2)), model)["layers"] == [0, 2]
