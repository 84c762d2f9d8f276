from pathlib import Path
from typing import Any

import pytest

import training.methods.scoring
from tests.tiny_runs import LABELS, RunFolder, carry_out
from training.data import ModelOutputs
from training.distil import read_soft_labels
from training.evaluation import predict_logits
from training.runtime import StopRequested


@pytest.fixture
def scoring(run_folder: RunFolder, teacher: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(training.methods.scoring, "ROWS_PER_SHARD", 8)
    data = {"unlabelled": "data/unlabelled"}
    return run_folder("scoring", kind="score", model=None, teacher_artifact=str(teacher), data=data)


def rows_scored(monkeypatch: pytest.MonkeyPatch, stop_after: int | None = None) -> list[int]:
    counts: list[int] = []
    original = predict_logits

    def counted(**arguments: Any) -> Any:
        if stop_after is not None and len(counts) == stop_after:
            raise StopRequested("stopped on request")
        counts.append(len(arguments["rows"]))
        return original(**arguments)

    monkeypatch.setattr(training.methods.scoring, "predict_logits", counted)
    return counts


def stored_uids(folder: Path) -> list[str]:
    soft = read_soft_labels(
        folder=folder / "soft_labels", task_type="text_classification", input_fields=("text",), labels=LABELS
    )
    assert isinstance(soft.outputs, ModelOutputs)
    assert soft.outputs.values_UC.shape == (len(soft.rows), 2)
    return soft.rows.uids


def test_each_row_is_scored_once(scoring: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    counts = rows_scored(monkeypatch)
    result = carry_out(scoring)
    assert sum(counts) == 30 == result["num_pseudo_labels"]
    assert stored_uids(scoring) == [f"u{number}" for number in range(300, 330)]


def test_a_killed_scoring_goes_on_at_the_next_shard(scoring: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        rows_scored(patch, stop_after=2)
        with pytest.raises(StopRequested):
            carry_out(scoring)
    assert not (scoring / "soft_labels").exists()
    counts = rows_scored(monkeypatch)
    carry_out(scoring)
    assert counts == [8, 6]
    assert stored_uids(scoring) == [f"u{number}" for number in range(300, 330)]


def test_distilling_for_many_epochs_asks_no_teacher(
    scoring: Path, run_folder: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    carry_out(scoring)
    counts = rows_scored(monkeypatch)
    data = {"soft_labels": str(scoring / "soft_labels"), "dev": "data/dev", "test": "data/test"}
    folder = run_folder("student", kind="distil", data=data, training={"steps": None, "epochs": 3})
    assert carry_out(folder)["num_pseudo_labels"] == 30
    assert counts == []


def test_a_scoring_killed_behind_its_last_shard_scores_nothing_again(
    scoring: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = carry_out(scoring)
    counts = rows_scored(monkeypatch)
    again = carry_out(scoring)
    assert (counts, again["artifact_hash"]) == ([], whole["artifact_hash"])
