"""Transitions of tags are learned by every path, kept in the artifact, and read by whoever answers with it."""

import json
import shutil
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.tiny_runs import LABELS, RunFolder, carry_out, examples
from training.contract import SERVE_VARIABLE, TRANSITIONS_FILE
from training.data import InputLine
from training.evaluation import load_predictor, predict_file
from training.learners import TagTransitions
from training.runtime import PermanentFailure, StopFlag, read_json
from training.serving.application import ServedModel
from training.serving.exporting import export_model
from training.tasks import TASK_TYPES

ENTITIES = TASK_TYPES["entity_extraction"]
TAGS = ENTITIES.output_names(LABELS)
SETTINGS = {"steps": 30, "learning_rate": 3e-3}
TEXTS = examples(ENTITIES.name, 12, start=400)["text"]
# No entity has a second word, and after one comes another.
SINGLE_WORDS = TagTransitions.learned([[1, 3, 1, 3, 1, 3]] * 50, num_tags=5)


@pytest.fixture
def artifact(run_folder: RunFolder) -> Path:
    """Give a tiny model with transitions that change what it answers."""
    folder = run_folder(task_type=ENTITIES.name, training=SETTINGS)
    carry_out(folder)
    SINGLE_WORDS.save(folder / "artifact", outputs=TAGS)
    return folder / "artifact"


def answers_of(folder: Path) -> list[str | None]:
    lines = [InputLine(number=number, uid="", texts={"text": text}) for number, text in enumerate(TEXTS)]
    return [one.predicted for one in load_predictor(folder, stop=StopFlag()).answers(lines)]


def served(folder: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    limits = {"max_batch": 4, "max_wait_ms": 1, "max_queue": 99, "timeout": 60}
    limits |= {"max_body_kb": 64, "max_texts": 99, "max_text": 9_999}
    monkeypatch.setenv(SERVE_VARIABLE, json.dumps({"model": str(folder), "threads": 1, **limits}))
    body = json.dumps({"texts": TEXTS}).encode()
    asked = {"REQUEST_METHOD": "POST", "PATH_INFO": "/predict", "CONTENT_TYPE": "application/json"}
    environ = {**asked, "CONTENT_LENGTH": str(len(body)), "wsgi.input": BytesIO(body)}
    (reply,) = ServedModel.of_environment()(environ, lambda status, headers, *_: None)  # type: ignore[arg-type]
    return [json.dumps(one["predicted"]) for one in json.loads(reply)["answers"]]


def test_a_file_a_server_and_an_export_answer_alike(
    artifact: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = answers_of(artifact)
    source, target = tmp_path / "texts.jsonl", tmp_path / "answers.jsonl"
    source.write_text("".join(json.dumps({"text": text}) + "\n" for text in TEXTS))
    predict_file(artifact=artifact, source=source, target=target)
    lines = [json.loads(line) for line in target.read_text().splitlines()]
    assert [spans_in(one["predicted"]) for one in lines] == [spans_in(one) for one in expected]
    assert [spans_in(one) for one in served(artifact, monkeypatch)] == [spans_in(one) for one in expected]
    export_model(artifact=artifact, export_format="onnx", target=tmp_path / "export")
    assert answers_of(tmp_path / "export") == expected
    (artifact / TRANSITIONS_FILE).unlink()
    assert answers_of(artifact) != expected


def spans_in(answer: Any) -> list[tuple[int, int, str]]:
    spans = json.loads(answer) if isinstance(answer, str) else answer
    return [(one["start"], one["end"], one["label"]) for one in spans]


def test_a_malformed_file_is_told_before_anything_is_answered(artifact: Path) -> None:
    (artifact / TRANSITIONS_FILE).write_text('{"version": 9}')
    with pytest.raises(PermanentFailure, match=r"tag_transitions.json cannot be read \(version 1 is read here, and it"):
        load_predictor(artifact, stop=StopFlag())


@pytest.mark.parametrize(("recipe", "dev", "judged_on"), [("frozen", False, "folds"), ("finetune", True, "dev")])
def test_their_strength_is_chosen_where_test_is_not_read(
    recipe: str, dev: bool, judged_on: str, run_folder: RunFolder
) -> None:
    data = {"train": "data/train", "test": "data/test", **({"dev": "data/dev"} if dev else {})}
    folder = run_folder(task_type=ENTITIES.name, training={**SETTINGS, "recipe": recipe}, data=data)
    result = carry_out(folder)
    found = result["transitions"]
    assert found["judged_on"] == judged_on and list(found["scores"]) == ["0", "0.5", "1"]
    kept = TagTransitions.read(folder / "artifact", outputs=TAGS)
    assert (kept.strength if kept else 0.0) == found["strength"]
    assert found["why"] in (folder / "artifact" / "README.md").read_text()
    if dev:
        assert found["scores"][f"{found['strength']:g}"] == pytest.approx(result["metrics"]["dev"]["accuracy"]["value"])


def distilled(run_folder: RunFolder, artifact: Path, **data: str) -> Path:
    scoring = run_folder(
        "scoring",
        task_type=ENTITIES.name,
        kind="score",
        teacher_artifact=str(artifact),
        data={"unlabelled": "data/unlabelled"},
    )
    carry_out(scoring)
    soft = {"soft_labels": str(scoring / "soft_labels"), "test": "data/test", **data}
    return run_folder("student", task_type=ENTITIES.name, kind="distil", data=soft, training=SETTINGS)


def test_a_student_takes_its_teachers_where_nothing_else_is_known(run_folder: RunFolder, artifact: Path) -> None:
    student = distilled(run_folder, artifact)
    assert carry_out(student)["transitions"]["judged_on"] == "teacher"
    kept = TagTransitions.read(student / "artifact", outputs=TAGS)
    assert kept is not None and kept.strength == SINGLE_WORDS.strength
    np.testing.assert_array_equal(kept.counts_BC, SINGLE_WORDS.counts_BC)


def test_a_student_with_labels_learns_from_them_and_with_dev_chooses(run_folder: RunFolder, artifact: Path) -> None:
    student = distilled(run_folder, artifact, train="data/train", dev="data/dev")
    assert carry_out(student)["transitions"]["judged_on"] == "dev"
    kept = TagTransitions.read(student / "artifact", outputs=TAGS)
    assert kept is None or (kept.counts_BC != SINGLE_WORDS.counts_BC).any()


def test_soft_labels_stay_those_of_single_words(run_folder: RunFolder, artifact: Path) -> None:
    distilled(run_folder, artifact)
    soft = artifact.parent.parent / "scoring" / "soft_labels"
    assert read_json(soft / TRANSITIONS_FILE) == read_json(artifact / TRANSITIONS_FILE)
    values = sorted(soft.glob("shard-*"))[0].read_bytes()
    shutil.rmtree(soft.parent)
    (artifact / TRANSITIONS_FILE).unlink()
    distilled(run_folder, artifact)
    assert not (soft / TRANSITIONS_FILE).exists() and sorted(soft.glob("shard-*"))[0].read_bytes() == values
