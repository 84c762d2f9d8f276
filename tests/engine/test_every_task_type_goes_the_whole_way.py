import json
from pathlib import Path
from typing import Any

import pytest

from tests.tiny_runs import EVERY_LABELLED_TYPE, RunFolder, carry_out, examples
from training.__main__ import main
from training.tasks import TaskType

HYBRID = {"gold_weight": 1.0, "steps": 6}


def distilled(run_folder: RunFolder, task_type: TaskType) -> tuple[Path, dict[str, Any]]:
    """Fine-tune a teacher, score with it, distil a student from soft and gold labels; return its folder and result."""
    teacher = run_folder("teacher", task_type=task_type.name, role="teacher")
    carry_out(teacher)
    data = {"unlabelled": "data/unlabelled"}
    scoring = run_folder(
        "scoring", task_type=task_type.name, kind="score", teacher_artifact=str(teacher / "artifact"), data=data
    )
    carry_out(scoring)
    data = {"soft_labels": str(scoring / "soft_labels"), "train": "data/train", "dev": "data/dev", "test": "data/test"}
    folder = run_folder("student", task_type=task_type.name, kind="distil", data=data, training=HYBRID)
    return folder, carry_out(folder)


@EVERY_LABELLED_TYPE
def test_from_gold_labels_over_a_teacher_to_predictions(
    run_folder: RunFolder, task_type: TaskType, tmp_path: Path
) -> None:
    folder, result = distilled(run_folder, task_type)
    assert (result["num_train"], result["num_pseudo_labels"]) == (24, 30)
    assert set(task_type.metrics) <= set(result["metrics"]["test"])
    rows = examples(task_type.name, 3)
    lines = [{"uid": uid, **{f: rows[f][row] for f in task_type.input_fields}} for row, uid in enumerate(rows["uid"])]
    source, target = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    source.write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert main(["predict", str(folder / "artifact"), str(source), str(target)]) == 0
    answers = [json.loads(line) for line in target.read_text().splitlines()]
    predicted = [answer["predicted"] for answer in answers]
    columns = {field: rows[field] for field in task_type.input_fields}
    assert task_type.read_gold(gold=predicted, columns=columns, labels=["neg", "pos"]) == predicted


@EVERY_LABELLED_TYPE
def test_a_prediction_is_written_as_gold_is(run_folder: RunFolder, task_type: TaskType) -> None:
    folder = run_folder(task_type=task_type.name)
    carry_out(folder)
    lines = [json.loads(line) for line in (folder / "artifact" / "predictions.jsonl").read_text().splitlines()]
    assert len(lines) == 10
    assert all(type(line["gold"]) is type(line["predicted"]) is str for line in lines)
    assert all(0 <= share <= 1 for line in lines for share in line["probabilities"])


@pytest.mark.parametrize("name", ["macro_f1", "compat_f1"])
def test_a_run_may_be_measured_by_any_metric_of_its_task_type(run_folder: RunFolder, name: str) -> None:
    evaluation = {"metric": name, "num_resamples": 10}
    result = carry_out(run_folder(task_type="entity_extraction", evaluation=evaluation))
    assert 0 <= result["metrics"]["baseline"]["value"] <= 1
