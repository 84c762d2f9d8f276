import math
from dataclasses import fields
from typing import Any

import pytest

from runs.plans import RANGES, STUDENT_STEPS, TEACHER_STEPS, PlanInvalid, RunPlan
from training.settings import TrainingSettings


@pytest.mark.parametrize("name", sorted(RANGES))
def test_a_value_beyond_its_range_is_refused_by_name(name: str) -> None:
    least, most = RANGES[name]
    for value in (least - 1, most + 1):
        setting: dict[str, Any] = {name: value}
        with pytest.raises(PlanInvalid, match=name):
            RunPlan(**setting)


@pytest.mark.parametrize("value", ["8", True, 2.5, math.nan])
def test_a_count_that_is_no_whole_number_is_refused(value: Any) -> None:
    with pytest.raises(PlanInvalid, match="batch_size"):
        RunPlan(batch_size=value)


def test_a_rate_that_is_no_number_is_refused() -> None:
    with pytest.raises(PlanInvalid, match="learning_rate"):
        RunPlan(learning_rate=math.nan)


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
