from pathlib import Path
from typing import Any

import pytest

from tests.tiny_runs import EVERY_LABELLED_TYPE, RunFolder, carry_out, job_of, write_run
from tests.tiny_t5 import write_tiny_t5
from training.methods import METHODS
from training.runtime import StopRequested
from training.tasks import TaskType

SETTINGS = {"steps": 24, "learning_rate": 5e-3, "max_length": 16, "evaluations": 2, "batch_size": 8}
# A T5 that is this small takes longer to learn to write spans.
PACE = {"entity_extraction": {"steps": 320, "learning_rate": 5e-3}}


@pytest.fixture(scope="session")
def t5(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_t5(tmp_path_factory.mktemp("t5-hybrid"))


@pytest.fixture
def scored(tmp_path: Path, t5: Path) -> Any:
    """Give a maker of calibrated soft-label sets by a T5, of a task type."""

    def make(task_type: str) -> Path:
        training = {**SETTINGS, "max_length": 32, "evaluations": 1, **PACE.get(task_type, {})}
        teacher = write_run(tmp_path / "teacher", t5, task_type=task_type, training=training)
        carry_out(teacher)
        data, artifact = {"unlabelled": "data/unlabelled", "dev": "data/dev"}, str(teacher / "artifact")
        changes = {"kind": "score", "teacher_artifact": artifact, "data": data, "training": SETTINGS}
        scoring = write_run(tmp_path / "scoring", t5, task_type=task_type, **changes)
        carry_out(scoring)
        return scoring / "soft_labels"

    return make


def hybrid(run_folder: RunFolder, soft: Path, model: Path, name: str, task_type: str, **training: Any) -> Path:
    data = {"soft_labels": str(soft), "train": "data/train", "dev": "data/dev", "test": "data/test"}
    return run_folder(
        name,
        kind="distil",
        task_type=task_type,
        model={"source": "folder", "name": str(model)},
        data=data,
        training={**SETTINGS, **training},
        distillation={"filter": "confidence", "keep": 0.5, "gold_epochs": 2},
    )


@EVERY_LABELLED_TYPE
def test_a_text_to_text_hybrid_of_every_task_type(
    run_folder: RunFolder, scored: Any, t5: Path, task_type: TaskType
) -> None:
    soft = scored(task_type.name)
    result = carry_out(hybrid(run_folder, soft, t5, "hybrid", task_type.name))
    told = result["distillation"]
    assert (told["num_passed"], result["num_train"]) == (round(told["num_asked"] / 2), 24)
    assert result["num_pseudo_labels"] == told["num_passed"] > 10
    assert result["distillation"]["of_tokens"] is True
    assert result["seeds"][0]["num_steps"] == 24


@pytest.mark.parametrize(("written", "training"), [(True, {}), (False, {"frozen_layers": 1})])
def test_it_is_taken_up_again_in_its_gold_stage(
    run_folder: RunFolder, scored: Any, t5: Path, tiny_folder: Path, written: bool, training: dict[str, Any]
) -> None:
    soft, model = scored("text_classification"), t5 if written else tiny_folder
    whole = carry_out(hybrid(run_folder, soft, model, "whole", "text_classification", **training))
    folder = hybrid(run_folder, soft, model, "stopped", "text_classification", **training)
    job, taken = job_of(folder), list[int]()

    def count(step: int, *, loss: float | None = None) -> None:
        taken.extend([step] if loss is not None else [])
        if len(taken) == 21:
            job.stop.request()

    job.progress.step = count  # type: ignore[method-assign]
    with pytest.raises(StopRequested):
        METHODS["distil"](job)
    assert carry_out(folder)["artifact_hash"] == whole["artifact_hash"]
