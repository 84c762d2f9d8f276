from pathlib import Path

import pytest

from bench.parts.few.cells import Cells
from bench.parts.few.measuring import DISTIL, Cell, Measuring
from bench.parts.few.setfit_column import SetFitFailed, answered_by, can_answer
from bench.parts.few.sets import FewSet
from bench.parts.few.students import TEACHER
from bench.parts.few.tables import Draw, Row, figures, is_met
from training.spec import AUTO, SOFT


def row(*draws: dict[str, float], half_width: float = 3.0, few: str = "topics", num_labels: int = 75) -> Row:
    return Row(
        few=few,
        num_labels=num_labels,
        draws=[
            Draw(
                scores=scores,
                half_widths=dict.fromkeys(("chosen", "annotate", "distil"), half_width),
                chose="names 0",
                seconds=1.0,
                pass_seconds=4.0,
            )
            for scores in draws
        ],
    )


def test_what_a_file_has_is_not_measured_again(tmp_path: Path) -> None:
    path, times = tmp_path / "kept.jsonl", []

    def measure() -> dict[str, float]:
        times.append(1)
        return {"score": 50.0}

    for _ in range(2):
        cells = Cells(path)
        assert cells.known(few="topics", draw=1) is None
        assert cells.once(measure, few="topics", draw=0) == {"score": 50.0}
    assert len(times) == 1
    assert Cells(path).known(draw=0, few="topics") == {"score": 50.0}


def test_a_student_of_another_teacher_is_another_cell(tmp_path: Path) -> None:
    cells, one = (
        Cells(None),
        FewSet(
            name="topics", task_type="text_classification", metric="accuracy", labels=(), pool=(), test=(), max_length=8
        ),
    )
    cell = Cell("topics", 75, 0)
    usual = {"part": "student", "model": "small", "path": DISTIL, "recipe": AUTO, "tests": None}
    cells.once(lambda: {"score": 50.0}, **usual, **vars(cell))
    found = [
        Measuring(few=one, model="small", teacher=teacher, distil_from=SOFT, vectors=tmp_path, cells=cells).student(
            cell, DISTIL, recipe=AUTO, num_test=None, is_asked=False
        )
        for teacher in (TEACHER, "another")
    ]
    assert found == [{"score": 50.0}, None]


def test_ours_is_the_better_path_beside_the_best_baseline_of_the_same_draws() -> None:
    found = row({"chosen": 40.0, "distil": 50.0, "tfidf_svm": 20.0}, {"chosen": 44.0, "setfit": 47.0, "distil": 48.0})
    standing = found.standing
    assert standing is not None
    assert (standing.ours, standing.baseline, standing.num_draws) == ("distil", "setfit", 1)
    assert standing.lead == pytest.approx(1.0) and not standing.is_behind


@pytest.mark.parametrize(("baseline", "num_behind"), [(42.9, 0), (43.1, 1)])
def test_a_cell_is_behind_where_the_best_baseline_is_above_the_interval(baseline: float, num_behind: int) -> None:
    assert figures([row({"chosen": 40.0, "tfidf_svm": baseline})])["cells_behind"] == num_behind


def test_what_the_choice_loses_is_to_the_best_recipe_in_hindsight() -> None:
    labelled = row({"chosen": 40.0, "names": 41.0, "logistic": 38.0}, {"chosen": 40.0, "names": 40.0, "logistic": 45.0})
    assert labelled.lost == pytest.approx(1.5)
    assert row({"chosen": 40.0, "names": 41.0}, num_labels=0).lost is None
    found = figures([labelled])
    assert (found["loss_to_best"], found["search_over_pass"]) == (1.5, 0.25)
    assert not is_met(found) and is_met({**found, "loss_to_best": 1.0, "topics_at_75": 52.0})


def test_setfit_that_cannot_start_is_said(tmp_path: Path) -> None:
    with pytest.raises(SetFitFailed, match=r"--setfit .*nowhere cannot be started"):
        answered_by(tmp_path / "nowhere", folder=tmp_path, request={})


@pytest.mark.parametrize(("task_type", "can"), [("text_classification", True), ("entity_extraction", False)])
def test_setfit_answers_with_one_label_a_row(task_type: str, can: bool) -> None:
    assert can_answer(task_type) == can
