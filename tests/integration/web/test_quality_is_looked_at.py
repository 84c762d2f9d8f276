"""The pages of a model's classes, of learning curves, and of examples that only one of two models has right."""

from pathlib import Path

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from budgets.models import Path as SpendingPath
from runs.models import Artifact, RunKind
from studies.models import Split, Study
from tests import factories
from tests.integration.reports import ground
from tests.tiny_artifacts import Said, give_predictions, give_seed_predictions

pytestmark = pytest.mark.django_db
NUM_EXAMPLES = 60
TRIAL = {"learning_rate": 2e-4, "epochs": 3, "steps": None, "seed": 7, "dev": 0.8, "best_step": 24}


@pytest.fixture
def students(study: Study, settings: Settings, tmp_path: Path) -> list[Artifact]:
    """The first is right on 30 of 60 examples and the second on 50."""
    made = factories.examples(study, [f"a film, the {number}." for number in range(NUM_EXAMPLES)], split=Split.TEST)
    ground.buy_labels(study, 4)
    students = [ground.annotated(study, num_labels=2), ground.annotated(study, num_labels=4)]
    for artifact, right in zip(students, (30, 50), strict=True):
        answers = [(str(one.uid), "good", "good" if place < right else "bad") for place, one in enumerate(made)]
        give_predictions(artifact, settings, tmp_path, answers)
    return students


def page(client: Client, name: str, pk: int, **query: int | str) -> str:
    return " ".join(client.get(reverse(name, args=[pk]), query).content.decode().split())


def test_a_model_is_shown_class_by_class(manager: Client, students: list[Artifact]) -> None:
    text = page(manager, "quality", students[0].pk)
    assert "the 60 examples of test: accuracy 50.0 %, 95 % interval 37.7 % to 62.3 %" in text
    assert 'aria-label="Confusion matrix"' in text and "by gold label (rows) and predicted label" in text
    assert reverse("quality", args=[students[0].pk]) in page(manager, "artifact", students[0].pk)


def test_lines_that_cannot_be_read_are_counted_on_the_page(manager: Client, students: list[Artifact]) -> None:
    with (students[0].path / "predictions.jsonl").open("a") as lines:
        lines.write("{broken\n")
    assert "1 line could not be read</strong> and is left out" in page(manager, "quality", students[0].pk)
    compared = page(manager, "compare", students[0].run.study_id)
    assert "1 line of their answers could not be read" in compared


def test_answers_that_are_gone_are_said_on_the_page(manager: Client, students: list[Artifact]) -> None:
    (students[0].path / "predictions.jsonl").unlink()
    assert "There is nothing to show.</strong> The answers of" in page(manager, "quality", students[0].pk)
    assert manager.get(reverse("class-table", args=[students[0].pk])).status_code == 404


def test_several_labels_have_no_confusions(manager: Client, settings: Settings, tmp_path: Path) -> None:
    study = factories.study(task_type="multi_label_classification", labels=("a", "b"))
    ground.buy_labels(study, 1)
    student = ground.annotated(study, num_labels=1)
    give_predictions(student, settings, tmp_path, [("u1", '["a"]', '["b"]')])
    assert "Not shown: an example may have several labels here" in page(manager, "quality", student.pk)
    assert manager.get(reverse("confusion-table", args=[student.pk])).status_code == 404


def test_soft_labels_have_no_such_page(manager: Client, study: Study) -> None:
    scored = ground.run(study, RunKind.SCORE, path=SpendingPath.DISTIL).artifact
    assert manager.get(reverse("quality", args=[scored.pk])).status_code == 404


def test_examples_that_only_one_has_right_are_paged(manager: Client, study: Study, students: list[Artifact]) -> None:
    pair = {"first": students[0].pk, "second": students[1].pk}
    text = page(manager, "compare", study.pk, **pair)
    assert "Of 60 examples that both saved models answered, 20 are right from only one of them" in text
    assert "a film, the 30." in text and "a film, the 29." not in text
    assert "No such examples." in page(manager, "compare", study.pk, **pair, right="first")
    assert text.count("a film, the") == 20


def test_the_part_on_the_report_leads_to_the_examples(manager: Client, study: Study, students: list[Artifact]) -> None:
    url = reverse("compare", args=[study.pk])
    part = manager.get(url, headers={"HX-Request": "true"}).content.decode()
    assert "#differing" in part and "a film" not in part


def test_learning_curves_say_what_more_labels_did(manager: Client, study: Study, students: list[Artifact]) -> None:
    assert "The data does not say." in page(manager, "learning-curves", study.pk)
    uids = [str(one) for one in study.examples.filter(split=Split.TEST).values_list("uid", flat=True)]
    for artifact, right in zip(students, (30, 50), strict=True):
        Artifact.objects.filter(pk=artifact.pk).update(result={"seeds": [TRIAL] * 2})
        answers: list[Said] = [(uid, "good", "good" if place < right else "bad") for place, uid in enumerate(uids)]
        give_seed_predictions(artifact, [answers, answers])
    text = page(manager, "learning-curves", study.pk)
    assert f"From 2 to 4 labels (Student {students[0].pk} to Student {students[1].pk})" in text
    assert "<strong>good</strong> rose: +" in text and "with 2 more labels of it" in text
    assert "The class that rose had not levelled off" in text


def test_learning_curves_need_a_student(manager: Client, study: Study) -> None:
    assert "No student of this study has answers that can be read." in page(manager, "learning-curves", study.pk)
    assert manager.get(reverse("learning-chart", args=[study.pk, "svg"])).status_code == 404


def test_the_report_has_its_surface_as_a_file(manager: Client, study: Study, students: list[Artifact]) -> None:
    assert reverse("surface-file", args=[study.pk]) in page(manager, "report", study.pk)
    answer = manager.get(reverse("surface-file", args=[study.pk]))
    assert answer.content.decode().startswith("task,L_labels,U_unlabeled,total_usd,score,low,high,source\n")
    assert answer["Content-Disposition"] == f'attachment; filename="surface-{study.pk}.csv"'
