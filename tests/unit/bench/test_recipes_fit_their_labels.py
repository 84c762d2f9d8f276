from dataclasses import replace

import pytest

from bench.parts.paths_data import Task
from bench.parts.paths_recipes import OURS, OURS_OF_TEXTS, OURS_OF_WORDS, STUDY, Recipe, recipe_of
from training.spec import TrainingSettings
from training.tasks import TASK_TYPES


def test_ours_searches_only_where_there_are_labels_to_choose_by() -> None:
    assert (OURS_OF_TEXTS.at(499).dev_share, OURS_OF_TEXTS.at(499).student_rates) == (0.0, ())
    assert (OURS_OF_TEXTS.at(500).dev_share, len(OURS_OF_TEXTS.at(500).student_rates)) == (0.2, 2)


def test_ours_trains_few_labels_for_steps_and_many_for_epochs() -> None:
    assert OURS_OF_WORDS.at(60).student["steps"] == 100
    assert OURS_OF_TEXTS.at(1_600).student["steps"] == 600


@pytest.mark.parametrize(("task_type", "ours"), OURS.items())
def test_ours_is_made_for_the_kind_of_task_and_the_studys_is_not(task_type: str, ours: Recipe) -> None:
    task = Task("any", task_type, "accuracy", ("a", "b"), 0.1, (), (), 0)
    assert (recipe_of("ours", task), recipe_of("study", task)) == (ours, STUDY)
    assert recipe_of("ours", replace(task, task_type="text_classification")) == OURS_OF_TEXTS
    TrainingSettings(**ours.at(60).student)
    assert ours.student["pooling"] in TASK_TYPES[task_type].poolings


def test_the_studys_recipe_is_the_same_for_any_number_of_labels() -> None:
    assert STUDY.at(30) == STUDY.at(3_000)
    assert (STUDY.student["epochs"], STUDY.num_passes) == (20, 50)
