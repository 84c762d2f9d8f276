from pathlib import Path
from typing import Any

import pytest

import training.evaluation.outputs
import training.fewshot.encoder
from tests.tiny_runs import RunFolder, carry_out
from training.contract import RUN_CACHE_MB_VARIABLE, RUN_CACHE_VARIABLE
from training.evaluation import predict_logits

SAID = {"pos": ["good great fine", "happy love"], "neg": ["bad awful poor", "sad hate"]}
DATA = {"train": "data/train", "dev": "data/dev", "test": "data/test", "pool": "data/unlabelled"}
ASKED: dict[str, dict[str, Any]] = {
    "finetune": {"data": DATA, "training": {"recipe": "frozen"}},
    "score": {"data": {name: DATA[name] for name in ("train", "dev")} | {"unlabelled": "data/unlabelled"}},
}


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(RUN_CACHE_VARIABLE, str(tmp_path / "cache"))
    monkeypatch.setenv(RUN_CACHE_MB_VARIABLE, "10")
    return tmp_path / "cache"


@pytest.fixture
def num_read(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Count the rows of each pass over an encoder."""
    counts: list[int] = []

    def counted(**given: Any) -> Any:
        counts.append(len(given["rows"]))
        return predict_logits(**given)

    for place in (training.fewshot.encoder, training.evaluation.outputs, training.methods.scoring):
        monkeypatch.setattr(place, "predict_logits", counted)
    return counts


def result_of(run_folder: RunFolder, name: str, kind: str, **changes: Any) -> dict[str, Any]:
    asked = {"training": {"recipe": "auto"}, "label_texts": SAID, **ASKED.get(kind, {}), **changes}
    result = carry_out(run_folder(name, kind=kind, **asked))
    return {name: result.get(name) for name in ("metrics", "artifact_hash", "calibration")}


@pytest.mark.parametrize("task_type", ["text_classification", "pair_classification"])
@pytest.mark.parametrize("kind", ASKED)
def test_a_second_run_reads_no_known_text_and_ends_the_same(
    kind: str, task_type: str, cache: Path, num_read: list[int], run_folder: RunFolder
) -> None:
    first = result_of(run_folder, "first", kind, task_type=task_type)
    assert num_read
    num_read.clear()
    second = result_of(run_folder, "second", kind, task_type=task_type)
    assert num_read == []
    assert second == first


def test_only_new_texts_are_read(cache: Path, num_read: list[int], run_folder: RunFolder) -> None:
    result_of(run_folder, "first", "score", data={"unlabelled": "data/test"})
    num_read.clear()
    result_of(run_folder, "second", "score", data={"unlabelled": "data/test", "pool": "data/unlabelled"})
    assert sum(num_read) == 30


def test_a_student_reads_no_known_text_before_and_after_its_training(
    cache: Path, num_read: list[int], run_folder: RunFolder, tmp_path: Path
) -> None:
    result_of(run_folder, "scoring", "score")
    soft = {"soft_labels": str(tmp_path / "scoring" / "soft_labels"), "test": "data/test"}
    first = result_of(run_folder, "first", "distil", data=soft)
    num_read.clear()
    assert result_of(run_folder, "second", "distil", data=soft) == first
    # Its answers to test, by the trained encoder.
    assert num_read == [10]


def test_damaged_files_harm_nothing(cache: Path, num_read: list[int], run_folder: RunFolder) -> None:
    first = result_of(run_folder, "first", "finetune")
    kept = [path for path in cache.rglob("*") if path.is_file()]
    for number, path in enumerate(kept):
        path.write_bytes(b"" if number % 2 else path.read_bytes()[:-9])
    num_read.clear()
    assert result_of(run_folder, "second", "finetune") == first
    assert sum(num_read) > 0 and len(kept) > 2
