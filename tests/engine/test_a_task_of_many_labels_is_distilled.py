"""A teacher of hundreds of labels is scored, distilled and written with the likeliest of them alone."""

import json
from pathlib import Path

import pytest

from tests.tiny_runs import LABELS, RunFolder, carry_out
from training.data import NUM_TOP_OUTPUTS, TopOutputs
from training.distil import read_soft_labels

MANY = [*LABELS, *(f"label {number}" for number in range(298))]


@pytest.fixture
def scoring(run_folder: RunFolder) -> Path:
    # Enough to learn that the other labels are never right.
    pace = {"steps": 200, "learning_rate": 3e-3, "batch_size": 8}
    teacher = run_folder("teacher", labels=MANY, role="teacher", training=pace)
    carry_out(teacher)
    data = {"unlabelled": "data/unlabelled", "dev": "data/dev"}
    scoring = run_folder(
        "scoring", kind="score", model=None, labels=MANY, teacher_artifact=str(teacher / "artifact"), data=data
    )
    carry_out(scoring)
    return scoring


@pytest.mark.parametrize("filtered", ["none", "confidence"])
def test_a_student_learns_from_the_likeliest(run_folder: RunFolder, scoring: Path, filtered: str) -> None:
    soft = read_soft_labels(
        folder=scoring / "soft_labels", task_type="text_classification", input_fields=("text",), labels=MANY
    )
    assert isinstance(soft.outputs, TopOutputs)
    assert soft.outputs.top_ids_NK.shape == (30, NUM_TOP_OUTPUTS)
    data = {"soft_labels": str(scoring / "soft_labels"), "train": "data/train", "test": "data/test"}
    pace = {"steps": 200, "learning_rate": 3e-3, "batch_size": 8, "gold_weight": 0.5, "temperature": 1.0}
    distillation = {"filter": filtered, "keep": None if filtered == "none" else 0.5}
    student = run_folder("student", kind="distil", labels=MANY, data=data, training=pace, distillation=distillation)
    result = carry_out(student)
    assert result["num_pseudo_labels"] == (30 if filtered == "none" else 15)
    assert result["metrics"]["test"]["accuracy"]["value"] > result["metrics"]["baseline"]["value"]
    first = json.loads((student / "artifact" / "predictions.jsonl").read_text().splitlines()[0])
    assert len(first["probabilities"]) == NUM_TOP_OUTPUTS
    assert first["predicted"] in first["probabilities"]
    assert sum(first["probabilities"].values()) + first["rest"] == pytest.approx(1, abs=1e-4)
