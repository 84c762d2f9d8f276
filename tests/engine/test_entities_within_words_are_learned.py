"""Where people mark parts of words, teacher, soft labels, student and predictions all count characters."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.tiny_runs import LABELS, RunFolder, carry_out, job_of, without_labels, write_dataset
from training.distil import read_metadata
from training.evaluation import predict_file
from training.learners import read_label_map
from training.learners.entity_extraction import EntityExtractionLearner
from training.methods import METHODS

TASK = "entity_extraction"


def compounds(count: int, *, start: int) -> dict[str, list[str]]:
    """Return texts of compounds whose first part alone is an entity."""
    texts = [f"the {'sun' if number % 2 else 'rain'}ball {number}" for number in range(start, start + count)]
    spans = [[{"start": 4, "end": text.index("ball"), "label": LABELS[0]}] for text in texts]
    uids = [f"u{start + number}" for number in range(count)]
    return {"uid": uids, "text": texts, "label": [json.dumps(one) for one in spans]}


@pytest.fixture
def make(run_folder: RunFolder) -> RunFolder:
    def made(name: str, **changes: Any) -> Path:
        folder = run_folder(name, task_type=TASK, **changes)
        for split, start in (("train", 0), ("dev", 100), ("test", 200), ("unlabelled", 300)):
            rows = compounds(12, start=start)
            write_dataset(folder / "own" / split, without_labels(rows) if split == "unlabelled" else rows)
        spec = json.loads((folder / "spec.json").read_text())
        named = {split: path.replace("data/", "own/") for split, path in spec["data"].items()}
        (folder / "spec.json").write_text(json.dumps({**spec, "data": named}))
        return folder

    return made


@pytest.fixture
def teacher(make: RunFolder) -> Path:
    folder = make("teacher", role="teacher")
    carry_out(folder)
    return folder / "artifact"


def test_what_is_trained_remembers_its_units(teacher: Path) -> None:
    assert read_label_map(teacher).segmentation == "character"


def test_soft_labels_and_student_follow_the_teacher(make: RunFolder, teacher: Path) -> None:
    scoring = make("scoring", kind="score", teacher_artifact=str(teacher), data={"unlabelled": "data/unlabelled"})
    carry_out(scoring)
    assert read_metadata(scoring / "soft_labels")["segmentation"] == "character"
    data = {"soft_labels": str(scoring / "soft_labels"), "test": "data/test"}
    job = job_of(make("student", kind="distil", data=data))
    METHODS["distil"](job)
    assert read_label_map(job.folder / "artifact").segmentation == "character"


def test_a_spec_may_ask_for_words_all_the_same(make: RunFolder) -> None:
    folder = make("words", training={"segmentation": "word"})
    carry_out(folder)
    assert read_label_map(folder / "artifact").segmentation == "word"
    assert "segmentation" not in json.loads((folder / "artifact" / "label_map.json").read_text())


def test_predictions_may_end_within_a_word(teacher: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source, target = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    source.write_text(json.dumps({"text": "sunball"}))
    widths: list[int] = []
    decode = EntityExtractionLearner.decode

    def seen(self: Any, *, outputs: Any, **rest: Any) -> Any:
        widths.append(len(outputs.row(0)))
        return decode(self, outputs=outputs, **rest)

    monkeypatch.setattr(EntityExtractionLearner, "decode", seen)
    predict_file(artifact=teacher, source=source, target=target)
    assert widths == [len("sunball")]
