"""Trying a model and labelling a file with it: in a process of its own, one text at a time, free of charge."""

import fcntl
import json
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from accounts.models import Role
from accounts.permissions import Forbidden
from budgets.models import LedgerEntry
from runs.models import Artifact
from runs.results import PredictionFailed, try_model
from runs.results.predicting import LOCK_FILE, ServerBusy
from tests import factories
from tests.integration.reports import ground
from tests.tiny_artifacts import give_model

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("forked_trainers")]
GOOD = {"text": "a good film"}


@pytest.fixture
def student(settings: Settings, tmp_path: Path) -> Artifact:
    study = factories.study()
    ground.buy_labels(study, 1)
    artifact = ground.annotated(study, num_labels=1)
    settings.RUN_THREADS = 1
    give_model(artifact, settings, tmp_path)
    return artifact


def test_a_model_answers_a_text_and_nothing_is_charged(student: Artifact) -> None:
    before = LedgerEntry.objects.count()
    answer = try_model(actor=student.run.study.created_by, artifact=student, texts=GOOD)
    assert answer.predicted in ("good", "bad")
    assert sum(share or 0 for share in answer.probabilities.values()) == pytest.approx(1, abs=1e-5)
    assert LedgerEntry.objects.count() == before


@pytest.mark.parametrize(("text", "words"), [("  ", "text: is empty"), ("x" * 10_001, "10,000 is the maximum")])
def test_a_text_that_cannot_be_read_is_refused(student: Artifact, text: str, words: str) -> None:
    with pytest.raises(PredictionFailed, match=words):
        try_model(actor=student.run.study.created_by, artifact=student, texts={"text": text})


def test_two_are_not_tried_at_once(student: Artifact, tmp_path: Path) -> None:
    with (tmp_path / LOCK_FILE).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(ServerBusy, match="Try again in some seconds"):
            try_model(actor=student.run.study.created_by, artifact=student, texts=GOOD)


def test_a_model_that_takes_too_long_is_ended(student: Artifact, settings: Settings) -> None:
    settings.TRY_SECONDS = 0
    with pytest.raises(PredictionFailed, match="no answer within 0 seconds"):
        try_model(actor=student.run.study.created_by, artifact=student, texts=GOOD)


def test_a_model_whose_folder_is_gone_or_broken_says_so(student: Artifact) -> None:
    (student.path / "label_map.json").unlink()
    with pytest.raises(PredictionFailed, match="cannot be read"):
        try_model(actor=student.run.study.created_by, artifact=student, texts=GOOD)
    Artifact.objects.filter(pk=student.pk).update(folder="nowhere")
    student.refresh_from_db()
    with pytest.raises(PredictionFailed, match="is missing"):
        try_model(actor=student.run.study.created_by, artifact=student, texts=GOOD)


def test_annotators_may_not_try(student: Artifact) -> None:
    with pytest.raises(Forbidden):
        try_model(actor=factories.person(Role.ANNOTATOR), artifact=student, texts=GOOD)


def test_the_command_labels_a_file(student: Artifact, tmp_path: Path) -> None:
    source, target, out = tmp_path / "in.csv", tmp_path / "out.jsonl", StringIO()
    source.write_text("uid,text\na,a good film\nb,a bad film\n")
    call_command("predict", str(student.pk), str(source), str(target), stdout=out, stderr=StringIO())
    rows = [json.loads(line) for line in target.read_text().splitlines()]
    assert [row["uid"] for row in rows] == ["a", "b"]
    assert f"2 lines written: {target}" in out.getvalue()


def test_the_command_names_lines_that_cannot_be_labelled(student: Artifact, tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text("text\ngood\n   \n")
    with pytest.raises(CommandError, match="line 3: has an empty text"):
        call_command("predict", str(student.pk), str(tmp_path / "in.csv"), str(tmp_path / "out.csv"))
    assert not (tmp_path / "out.csv").exists()


def test_the_command_names_the_artifacts_there_are(student: Artifact) -> None:
    with pytest.raises(CommandError, match=f"no artifact '0'. The latest are: Student {student.pk}"):
        call_command("predict", "0", "in.csv", "out.csv")
