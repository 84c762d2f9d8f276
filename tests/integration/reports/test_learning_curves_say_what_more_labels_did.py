"""Each class by students of more and more labels; what more labels do is said only where the data says it."""

import csv
import json
from io import StringIO
from pathlib import Path

import pytest
from pytest_django import Settings

from reports.charts import LIGHT, ChartView, NothingToDraw, learning_chart
from reports.quality import last_step, learning_csv, learning_curves
from runs.models import Artifact, Run
from studies.models import Study
from tests import factories
from tests.integration.reports import ground
from tests.tiny_artifacts import Said, give_predictions, give_seed_predictions

pytestmark = pytest.mark.django_db
UIDS = [f"u{number}" for number in range(200)]
GOLD = ["good", "bad"] * 100
TRIAL = {"learning_rate": 2e-4, "epochs": 3, "steps": None, "seed": 7, "dev": 0.8, "best_step": 24}


def said(*, wrong_bad: int, seed: int = 0) -> list[Said]:
    """Answers of which so many of each ten "bad" ones, from another one on with each seed, are taken for "good"."""
    rows: list[Said] = []
    for number, (uid, gold) in enumerate(zip(UIDS, GOLD, strict=True)):
        is_wrong = gold == "bad" and (number // 2 + seed) % 10 < wrong_bad
        rows.append((uid, gold, "good" if is_wrong else gold))
    return rows


@pytest.fixture
def study() -> Study:
    study = factories.study()
    ground.buy_labels(study, 6)
    return study


@pytest.fixture
def students(study: Study, settings: Settings, tmp_path: Path) -> list[Artifact]:
    """Of 2 and of 6 labels: "bad" is told far better by the second."""
    made = [ground.annotated(study, num_labels=count) for count in (2, 6)]
    for artifact, wrong in zip(made, (5, 1), strict=True):
        give_predictions(artifact, settings, tmp_path, said(wrong_bad=wrong))
    return made


def give_seeds(students: list[Artifact], *wrong: int) -> None:
    """Three seeds to each student."""
    for artifact, of_one in zip(students, wrong, strict=True):
        Artifact.objects.filter(pk=artifact.pk).update(result={"seeds": [TRIAL] * 3})
        give_seed_predictions(artifact, [said(wrong_bad=of_one, seed=seed) for seed in range(3)])


def test_each_class_has_its_scores_by_labels(study: Study, students: list[Artifact]) -> None:
    good, bad = (classes for _, classes in learning_curves(study).rows)
    assert [one.score.recall and one.score.recall.value for one in bad] == [0.5, 0.9]
    assert [one.num_labels for one in good] == [2, 6]
    assert [one.num_labels for one in bad] == [0, 0]


def test_a_rise_over_seeds_is_said_of_its_class(study: Study, students: list[Artifact]) -> None:
    give_seeds(students, 5, 1)
    step = last_step(learning_curves(study))
    assert step is not None
    assert (step.before.num_labels, step.after.num_labels, step.num_examples) == (2, 6, 200)
    assert step.confidence == 0.975
    assert [one.label for one in step.risen] == ["bad", "good"]
    assert step.risen[1].num_more == 4


def test_a_difference_that_may_be_chance_is_not_said(study: Study, students: list[Artifact]) -> None:
    give_seeds(students, 2, 2)
    step = last_step(learning_curves(study))
    assert step is not None
    assert (step.risen, step.fallen, step.num_unclear) == ([], [], 2)


def test_of_one_seed_nothing_is_said(study: Study, students: list[Artifact]) -> None:
    assert last_step(learning_curves(study)) is None
    give_seeds(students[:1], 5)
    assert last_step(learning_curves(study)) is None


def test_seeds_that_share_no_example_say_nothing(study: Study, students: list[Artifact]) -> None:
    give_seeds(students, 5, 1)
    (students[0].path / "seed_predictions.jsonl").write_text("{broken\n")
    assert last_step(learning_curves(study)) is None


def test_a_student_whose_answers_are_gone_is_counted(study: Study, students: list[Artifact]) -> None:
    (students[0].path / "predictions.jsonl").unlink()
    curves = learning_curves(study)
    assert ([one.point.artifact_id for one in curves.students], curves.num_unread) == ([students[1].pk], 1)


def test_of_students_alike_the_latest_of_all_layers_is_shown(
    study: Study, students: list[Artifact], settings: Settings, tmp_path: Path
) -> None:
    later = ground.annotated(study, num_labels=6)
    small = ground.annotated(study, num_labels=6)
    Run.objects.filter(pk=small.run_id).update(model={**study.student_model, "layers": [0]})
    for one in (later, small):
        give_predictions(one, settings, tmp_path, said(wrong_bad=0))
    curves = learning_curves(study)
    assert [one.point.artifact_id for one in curves.students] == [students[0].pk, later.pk]
    assert curves.num_left_out == 2


def test_of_many_labels_the_most_frequent_are_shown(settings: Settings, tmp_path: Path) -> None:
    labels = [f"label {number:02}" for number in range(20)]
    study = factories.study(labels=labels)
    ground.buy_labels(study, 1)
    answers = [(uid, labels[4 + number % 16], labels[5]) for number, uid in enumerate(UIDS[:79])]
    give_predictions(ground.annotated(study, num_labels=1), settings, tmp_path, answers)
    assert learning_curves(study).labels == labels[4:19]


def test_the_table_and_the_chart_have_all_of_it(study: Study, students: list[Artifact]) -> None:
    curves = learning_curves(study)
    rows = list(csv.DictReader(StringIO("".join(learning_csv(curves)))))
    assert [(row["labels"], row["label"], row["recall"]) for row in rows[1::2]] == [
        ("2", "bad", "0.5"),
        ("6", "bad", "0.9"),
    ]
    chart = learning_chart(curves, theme=LIGHT)
    assert "bad" in chart.svg() and chart.spec["description"].startswith("F1 with 6 labels: good ")


def test_without_students_there_is_nothing_to_draw() -> None:
    with pytest.raises(NothingToDraw, match="Start a run first"):
        learning_chart(learning_curves(factories.study()))


def test_a_hidden_path_and_its_students_are_not_drawn(study: Study, students: list[Artifact]) -> None:
    curves = learning_curves(study)
    assert "2 labels, F1 " in json.dumps(learning_chart(curves).spec)
    assert "2 labels, F1 " not in json.dumps(learning_chart(curves, view=ChartView(low=3)).spec)
    hidden = json.dumps(learning_chart(curves, view=ChartView(hidden=frozenset({"distil", "intervals"}))).spec)
    assert '"domain": ["Annotate"]' in hidden and '"y2"' not in hidden
    with pytest.raises(NothingToDraw, match="a wider range of labels"):
        learning_chart(curves, view=ChartView(hidden=frozenset({"annotate"})))
