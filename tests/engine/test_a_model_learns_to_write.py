import json
from pathlib import Path
from typing import Any

import pytest

from tests.tiny_llama import write_tiny_llama
from tests.tiny_runs import EVERY_WRITTEN_TYPE, RunFolder, carry_out, examples
from tests.tiny_t5 import write_tiny_t5
from training.__main__ import main
from training.tasks import TaskType

PACE = {"steps": 100, "learning_rate": 1e-2, "batch_size": 8, "evaluations": 2, "answer_length": 8}


@pytest.fixture(scope="session")
def writers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("writers")
    return {"t5": write_tiny_t5(folder / "t5"), "llama": write_tiny_llama(folder / "llama")}


def model(folder: Path, **more: Any) -> dict[str, Any]:
    return {"source": "folder", "name": str(folder), **more}


@pytest.mark.parametrize("name", ["t5", "llama"])
@EVERY_WRITTEN_TYPE
def test_it_writes_clearly_better_than_the_baselines_and_answers_a_file(
    run_folder: RunFolder, writers: dict[str, Path], name: str, task_type: TaskType, tmp_path: Path
) -> None:
    folder = run_folder(task_type=task_type.name, model=model(writers[name]), training=PACE)
    result = carry_out(folder)
    test, metric = result["metrics"]["test"], task_type.metrics[0]
    baselines = {name: one["value"] for name, one in result["metrics"]["baselines"].items()}
    assert test[metric]["value"] > max(baselines["majority"], baselines.get("source", 0.0)) + 0.25
    assert (test["num_cut"], test["num_unparsed"]) == (0, 0)
    source, target = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    rows = examples(task_type.name, 3)
    lines = [{"uid": uid, **{f: rows[f][row] for f in task_type.input_fields}} for row, uid in enumerate(rows["uid"])]
    source.write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert main(["predict", str(folder / "artifact"), str(source), str(target)]) == 0
    answered = [json.loads(line) for line in target.read_text().splitlines()]
    assert all(0 < one["probabilities"]["answer"] <= 1 for one in answered)
    assert {one["predicted"] for one in answered} <= {"happy film", "happy movie", "sad day"}
