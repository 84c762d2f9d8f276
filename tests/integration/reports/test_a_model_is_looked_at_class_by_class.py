"""What a model answered on test: each class, confusions and slices, of every task type."""

import csv
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from pytest_django import Settings

import reports.quality.grading as grading
from reports.quality import NoAnswers, class_csv, confusion_csv, differing, quality_of
from runs.models import Artifact, Evaluation
from studies.models import Example, Split, Study
from studies.task_types import Span, TaskType, spans_to_json
from tests import factories
from tests.integration.reports import ground
from tests.tiny_artifacts import Said, give_predictions
from tests.tiny_runs import ANSWERS, EVERY_LABELLED_TYPE, TEXTS

pytestmark = pytest.mark.django_db


class Stage:
    """A study whose test examples have these texts, and a student that answered them."""

    def __init__(self, settings: Settings, folder: Path, texts: list[str], **of_study: Any) -> None:
        self.settings, self.folder = settings, folder
        self.study: Study = factories.study(**of_study)
        made = factories.examples(self.study, texts, split=Split.TEST)
        for one in made:
            one.fields = dict.fromkeys(self.study.definition.input_fields, one.fields["text"])
        Example.objects.bulk_update(made, ["fields"])
        self.uids = [str(one.uid) for one in made]
        ground.buy_labels(self.study, 1)

    def student(self, gold: list[str], predicted: list[str], confidences: tuple[float, ...] = ()) -> Artifact:
        artifact = ground.annotated(self.study, num_labels=1)
        said: list[Said] = list(zip(self.uids, gold, predicted, strict=True))
        give_predictions(artifact, self.settings, self.folder, said, confidences=confidences)
        return artifact


@pytest.fixture
def runs_dir(tmp_path: Path) -> Path:
    return tmp_path


@EVERY_LABELLED_TYPE
def test_every_task_type_is_counted(task_type: TaskType, settings: Settings, runs_dir: Path) -> None:
    gold = ANSWERS[task_type.name]
    stage = Stage(settings, runs_dir, list(TEXTS), task_type=task_type.name, labels=("a", "b", "c"))
    found = quality_of(stage.student(gold, [gold[0], gold[0], gold[2]]))
    assert (found.num_examples, found.num_unreadable) == (3, 0)
    assert [one.score.num_gold for one in found.classes] == [1, 1, 1]
    first = found.classes[0].score
    assert first.recall and first.recall.value == 1.0
    assert first.precision and 0 < first.precision.value < 1
    assert (found.confusions is None) == (not task_type.is_exclusive)


@pytest.mark.parametrize("name", ["text_generation", "question_answering"])
def test_written_answers_are_scored_and_the_lowest_are_listed(name: str, settings: Settings, runs_dir: Path) -> None:
    gold = ANSWERS[name]
    stage = Stage(settings, runs_dir, list(TEXTS), task_type=name, labels=())
    found = quality_of(stage.student(gold, [gold[0], gold[0], "no list"]))
    assert (found.num_examples, found.num_unreadable, found.classes, found.confusions) == (2, 1, [], None)
    assert found.overall and found.overall.value == 0.5
    assert [(one.answered.gold, one.score) for one in found.lowest] == [(gold[1], 0.0)]


def test_a_matrix_has_a_row_for_each_label_and_a_column_for_no_answer(settings: Settings, runs_dir: Path) -> None:
    stage = Stage(settings, runs_dir, ["one", "two", "three"])
    artifact = stage.student(["good", "good", "bad"], ["good", "bad", "bad"])
    with (artifact.path / "predictions.jsonl").open("a") as lines:
        lines.write('{"uid": "x", "gold": "bad", "predicted": null}\n')
    matrix = quality_of(artifact).matrix
    assert matrix and list(matrix.predicted) == ["good", "bad", None]
    assert {row.gold: [cell.count for cell in row.cells] for row in matrix.rows} == {
        "good": [1, 1, 0],
        "bad": [0, 1, 1],
    }


def test_spans_that_are_missed_or_found_elsewhere_stand_beside_no_entity(settings: Settings, runs_dir: Path) -> None:
    stage = Stage(settings, runs_dir, ["add 5 mL"], task_type="entity_extraction", labels=("Amount",))
    gold, other = (spans_to_json([Span(4, end, "Amount")]) for end in (8, 5))
    found = quality_of(stage.student([gold], [other]))
    assert {(one.gold, one.predicted): one.count for one in found.confusions or ()} == {
        ("Amount", None): 1,
        (None, "Amount"): 1,
    }
    assert found.nothing == "no entity"


def test_of_many_labels_the_most_frequent_confusions_are_listed(settings: Settings, runs_dir: Path) -> None:
    labels = [f"label {number}" for number in range(16)]
    stage = Stage(settings, runs_dir, [f"text {number}" for number in range(5)], labels=labels)
    found = quality_of(stage.student([labels[0]] * 5, [*labels[1:3], labels[2], *labels[:1] * 2]))
    assert found.matrix is None
    first = found.pairs[0]
    assert (first.gold, first.predicted, first.count, first.share) == ("label 0", "label 2", 2, 0.4)


def test_a_slice_that_is_clearly_worse_is_marked(settings: Settings, runs_dir: Path) -> None:
    texts = [f"{number} " + "long " * (40 if number % 4 == 3 else 1) for number in range(80)]
    stage = Stage(settings, runs_dir, texts)
    predicted = ["bad" if number % 4 == 3 else "good" for number in range(80)]
    sure = tuple(0.6 if number % 4 == 3 else 0.95 for number in range(80))
    worst = quality_of(stage.student(["good"] * 80, predicted, sure)).worst
    assert {one.key.kind for one in worst.slices if one.is_worse} == {"Length", "Confidence"}
    longest = next(one for one in worst.slices if one.key.kind == "Length")
    assert (longest.num_examples, longest.score.value) == (20, 0.0)
    assert longest.key.name.startswith("over ")
    assert [one.key.kind for one in worst.slices] == ["Confidence", "Length"], "the others do better than all"
    assert worst.num_slices > 2


def test_slices_of_few_examples_are_left_out_and_counted(settings: Settings, runs_dir: Path) -> None:
    stage = Stage(settings, runs_dir, [f"text {number}" for number in range(12)])
    worst = quality_of(stage.student(["bad"] * 3 + ["good"] * 9, ["good"] * 12)).worst
    assert [one.key.name for one in worst.slices if one.key.kind == "Gold label"] == []
    assert worst.num_small >= 2


def test_a_line_that_cannot_be_read_harms_itself_alone(settings: Settings, runs_dir: Path) -> None:
    stage = Stage(settings, runs_dir, ["one", "two"])
    artifact = stage.student(["good", "bad"], ["good", "bad"])
    path = artifact.path / "predictions.jsonl"
    bad = [b"{broken", b"[]", b'{"uid": 5}', b"\xff\xfe", b'{"uid": "x", "gold": "ugly", "predicted": "good"}']
    repeated = path.read_bytes().splitlines()[0]
    path.write_bytes(b"\n".join([*bad, path.read_bytes().strip(), repeated]))
    found = quality_of(artifact)
    assert (found.num_examples, found.num_unreadable) == (2, 6)


def test_more_examples_than_a_page_reads_are_cut(
    settings: Settings, runs_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(grading, "MOST_ROWS", 2)
    stage = Stage(settings, runs_dir, ["one", "two", "three"])
    found = quality_of(stage.student(["good"] * 3, ["good"] * 3))
    assert (found.num_examples, found.is_cut) == (2, True)


def test_an_artifact_without_answers_says_what_to_do(settings: Settings, runs_dir: Path) -> None:
    stage = Stage(settings, runs_dir, ["one"])
    artifact = stage.student(["good"], ["good"])
    (artifact.path / "predictions.jsonl").write_text("nothing\n")
    with pytest.raises(NoAnswers, match="no example that can be read"):
        quality_of(artifact)
    (artifact.path / "predictions.jsonl").unlink()
    with pytest.raises(NoAnswers, match="Restore the file from a backup, or train again") as refused:
        quality_of(artifact)
    assert "predictions.jsonl" in str(refused.value) and str(artifact.path) not in str(refused.value)


def test_without_a_test_split_dev_is_named(settings: Settings, runs_dir: Path) -> None:
    stage = Stage(settings, runs_dir, ["one"])
    artifact = stage.student(["good"], ["good"])
    Evaluation.objects.filter(artifact=artifact).update(split=Split.DEV)
    assert quality_of(artifact).split == Split.DEV


def test_tables_are_safe_in_a_spreadsheet(settings: Settings, runs_dir: Path) -> None:
    stage = Stage(settings, runs_dir, ["one", "two"], labels=("=1+1", "b"))
    found = quality_of(stage.student(["=1+1", "b"], ["b", "b"]))
    rows = list(csv.DictReader(StringIO("".join(class_csv(found)))))
    assert [row["label"] for row in rows] == ["'=1+1", "b"]
    assert (rows[1]["gold"], rows[1]["precision"], rows[0]["precision"]) == ("1", "0.5", "")
    pairs = list(csv.DictReader(StringIO("".join(confusion_csv(found)))))
    assert {"gold": "'=1+1", "predicted": "b", "count": "1", "share_of_gold": "1.0"} in pairs


def test_examples_that_only_one_has_right_are_found(settings: Settings, runs_dir: Path) -> None:
    stage = Stage(settings, runs_dir, ["one", "two", "three", "four"])
    first = stage.student(["good"] * 4, ["good", "good", "bad", "bad"])
    second = stage.student(["good"] * 4, ["good", "bad", "good", "bad"])
    found = differing(first=first, second=second)
    assert found.num_examples == 4
    assert [row.uid for row in found.of("first")] == [stage.uids[1]]
    assert [row.uid for row in found.of("second")] == [stage.uids[2]]
    assert len(found.of("")) == 2
