"""BERT-iBLEU on the report and in comparisons: by what the trainers kept, and never by two checkpoints."""

import json
from pathlib import Path

import pytest
from pytest_django import Settings

from reports.points import points
from runs.models import Artifact, Evaluation
from runs.results import NotComparable, compare
from runs.results.similarity import KeptSimilarity
from studies.models import Split
from tests import factories
from tests.integration.reports import ground
from tests.tiny_artifacts import give_predictions
from training.answers import bert_ibleu
from training.contract import MEASURED_BY

pytestmark = pytest.mark.django_db
SOURCES = [f"the film number {number} was good and long" for number in range(12)]
WRITTEN = [f"a fine and long picture was number {number}" for number in range(12)]


@pytest.fixture
def pair(settings: Settings, tmp_path: Path) -> tuple[Artifact, Artifact]:
    """The first says it in other words, the second copies every source."""
    study = factories.study(task_type="text_generation", labels=(), metric="bert_ibleu")
    golds = [json.dumps([text]) for text in WRITTEN]
    made = factories.examples(study, SOURCES, split=Split.TEST, labels=golds)
    factories.examples(study, ["one", "two"], labels=['["a"]', '["b"]'])
    students = [ground.annotated(study, num_labels=1), ground.annotated(study, num_labels=2)]
    Evaluation.objects.update(measured_by=MEASURED_BY["bert_ibleu"])
    for artifact, texts in zip(students, (WRITTEN, SOURCES), strict=True):
        said = [json.dumps([text]) for text in texts]
        rows = [(str(one.uid), gold, answer) for one, gold, answer in zip(made, golds, said, strict=True)]
        give_predictions(artifact, settings, tmp_path, rows, similarities=[0.8] * 12)
    return students[0], students[1]


def test_two_students_are_compared_by_what_was_kept(pair: tuple[Artifact, Artifact]) -> None:
    found = compare(first=pair[0], second=pair[1]).test
    kept = KeptSimilarity("kept", dict.fromkeys(zip(SOURCES, WRITTEN, strict=True), 0.8))
    expected = bert_ibleu(sources=SOURCES, written=WRITTEN, similarity=kept)
    assert found.difference == pytest.approx(expected.mean()) and found.low > 0


def test_figures_of_two_checkpoints_never_stand_beside_each_other(pair: tuple[Artifact, Artifact]) -> None:
    assert len(points(pair[0].run.study)) == 2
    pair[0].evaluations.update(measured_by="package:another")
    with pytest.raises(NotComparable, match="was measured by package:another, and package:all-MiniLM-L6-v2 is in use"):
        compare(first=pair[0], second=pair[1])
    assert [one.artifact_id for one in points(pair[0].run.study)] == [pair[1].pk]


def test_answers_without_what_was_measured_are_named(pair: tuple[Artifact, Artifact]) -> None:
    path = pair[0].path / "predictions.jsonl"
    path.write_text(path.read_text().replace('"similarity": 0.8', '"similarity": null'))
    with pytest.raises(NotComparable, match="Train both models again"):
        compare(first=pair[0], second=pair[1])
