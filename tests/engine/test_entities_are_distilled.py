from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import training.methods.scoring
from tests.tiny_runs import LABELS, RunFolder, carry_out, job_of
from training.answers import words_of
from training.data import UNSEEN, ModelOutputs, Units
from training.distil import SoftLabels, read_soft_labels
from training.evaluation import predict_logits
from training.learners import learner_of
from training.methods import METHODS
from training.runtime import StopRequested
from training.tasks import TASK_TYPES
from training.train import SoftLoss

ENTITIES = TASK_TYPES["entity_extraction"]


@pytest.fixture
def scoring(run_folder: RunFolder, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give the run folder of a scoring by a trained tiny teacher, in shards of 8 rows."""
    monkeypatch.setattr(training.methods.scoring, "ROWS_PER_SHARD", 8)
    teacher = run_folder("teacher", task_type=ENTITIES.name, training={"steps": 30, "learning_rate": 3e-3})
    carry_out(teacher)
    data = {"unlabelled": "data/unlabelled"}
    return run_folder(
        "scoring", task_type=ENTITIES.name, kind="score", teacher_artifact=str(teacher / "artifact"), data=data
    )


def read(folder: Path) -> SoftLabels:
    return read_soft_labels(
        folder=folder / "soft_labels", task_type=ENTITIES.name, input_fields=("text",), labels=LABELS
    )


def student(run_folder: RunFolder, scoring: Path, **changes: Any) -> dict[str, Any]:
    data = {"soft_labels": str(scoring / "soft_labels"), "train": "data/train", "test": "data/test"}
    folder = run_folder("student", task_type=ENTITIES.name, kind="distil", data=data, **changes)
    return carry_out(folder)


def test_a_set_holds_what_the_teacher_said_of_each_word(scoring: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[ModelOutputs] = []

    def heard(**arguments: Any) -> ModelOutputs:
        said.append(predict_logits(**arguments))
        return said[-1]

    monkeypatch.setattr(training.methods.scoring, "predict_logits", heard)
    carry_out(scoring)
    soft = read(scoring)
    assert isinstance(soft.outputs, ModelOutputs)
    np.testing.assert_array_equal(soft.outputs.values_UC, np.concatenate([one.values_UC for one in said]))
    assert soft.outputs.values_UC.shape[1] == 5
    counts = np.diff(soft.outputs.bounds).tolist()
    assert counts == [len(words_of(text)) for text in soft.rows.columns["text"]]


def test_a_scoring_stopped_in_the_middle_ends_as_if_it_had_not_been(
    scoring: Path, run_folder: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = carry_out(scoring)["artifact_hash"]
    (scoring / "soft_labels").rename(scoring / "whole")
    shards: list[int] = []

    def limited(**arguments: Any) -> ModelOutputs:
        shards.append(1)
        if len(shards) == 3:
            raise StopRequested("stopped on request")
        return predict_logits(**arguments)

    monkeypatch.setattr(training.methods.scoring, "predict_logits", limited)
    with pytest.raises(StopRequested):
        carry_out(scoring)
    assert carry_out(scoring)["artifact_hash"] == whole
    assert len(shards) == 5


def test_a_student_with_the_teachers_tokenizer_needs_no_alignment(scoring: Path, run_folder: RunFolder) -> None:
    carry_out(scoring)
    result = student(run_folder, scoring)
    assert (result["aligned"], result["num_train"], result["num_pseudo_labels"]) == (False, 0, 30)
    trained_nothing = {"majority", "constant", "every_word", "copy", "label_names", "frozen_labels"}
    assert set(result["metrics"]["baselines"]) == trained_nothing


@pytest.mark.parametrize("gold_weight", [0.0, 1.0])
def test_a_student_with_another_tokenizer_learns_word_by_word(
    scoring: Path, run_folder: RunFolder, letters_folder: Path, gold_weight: float
) -> None:
    carry_out(scoring)
    training = {"steps": 60, "learning_rate": 3e-3, "gold_weight": gold_weight, "max_length": 64}
    model = {"source": "folder", "name": str(letters_folder)}
    result = student(run_folder, scoring, model=model, training=training)
    assert result["aligned"] is True
    assert result["metrics"]["test"]["micro_f1"]["value"] > 0.5


def test_outputs_are_laid_over_the_words_that_another_model_sees() -> None:
    values = np.arange(10, dtype=np.float32).reshape(5, 2)
    teacher = ModelOutputs(values_UC=values, bounds=np.array([0, 3, 5]))
    laid = teacher.over(Units.of_words([[1, 2], [1, 2, 3], [1]]))
    np.testing.assert_array_equal(laid[[0, 1, 2, 3]], values[[0, 1, 3, 4]])
    assert (laid[4:] == UNSEEN).all()


def soft_loss(positions: list[list[int]], teacher: ModelOutputs) -> SoftLoss:
    units = Units.of_words(positions)
    laid = torch.from_numpy(teacher.over(units))
    answered = torch.isfinite(laid).all(dim=1)
    return SoftLoss(
        learner=learner_of(ENTITIES),
        units=units,
        teacher_UC=laid.masked_fill(~answered[:, None], 0.0),
        answered_U=answered,
        target=torch.full((len(laid),), -100),
        temperature=2.0,
        gold_weight=0.0,
    )


def test_only_words_that_both_see_are_counted_and_cost() -> None:
    teacher = ModelOutputs(
        values_UC=np.array([[1, 2], [UNSEEN, UNSEEN], [3, 0]], dtype=np.float32), bounds=np.array([0, 3])
    )
    loss = soft_loss([[1, 2, -1, 4]], teacher)
    rows = torch.tensor([0])
    assert loss.num_valid(rows) == 1
    logits = torch.randn(3, 2)
    expected = learner_of(ENTITIES).distillation_sum(
        student=logits[:1], teacher=torch.tensor([[1.0, 2.0]]), temperature=2.0, mask=torch.tensor([True])
    )
    assert loss(logits=logits, rows=rows).item() == pytest.approx(expected.item())


def test_a_distillation_stopped_in_the_middle_ends_as_if_it_had_not_been(scoring: Path, run_folder: RunFolder) -> None:
    carry_out(scoring)
    whole = student(run_folder, scoring)["artifact_hash"]
    data = {"soft_labels": str(scoring / "soft_labels"), "train": "data/train", "test": "data/test"}
    folder = run_folder("stopped", task_type=ENTITIES.name, kind="distil", data=data)
    job = job_of(folder)
    job.progress.step = lambda step, **_: job.stop.request() if step == 3 else None  # type: ignore[method-assign]
    with pytest.raises(StopRequested):
        METHODS["distil"](job)
    assert carry_out(folder)["artifact_hash"] == whole
