from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.tiny_runs import EVERY_LABELLED_TYPE, RunFolder, carry_out, job_of, write_run
from tests.tiny_t5 import write_tiny_t5
from training.distil.token_training import NoCommonOutputs
from training.methods import METHODS
from training.runtime import StopRequested
from training.tasks import TaskType

FAST = {"steps": 40, "learning_rate": 5e-3, "batch_size": 8, "evaluations": 1}
SHORT = {"steps": 4, "evaluations": 1, "max_length": 16}
Sets = dict[str, Path]


@pytest.fixture(scope="session")
def t5(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_t5(tmp_path_factory.mktemp("t5"))


@pytest.fixture(scope="session")
def sets(tmp_path_factory: pytest.TempPathFactory, tiny_folder: Path, t5: Path) -> Iterator[Sets]:
    """Give soft-label sets of a T5 and of an encoder that have learned to tell good from bad."""
    folder = tmp_path_factory.mktemp("sets")
    yield {
        name: soft_labels(folder / name, model, training=FAST) for name, model in (("t5", t5), ("bert", tiny_folder))
    }


def soft_labels(folder: Path, model: Path, **changes: Any) -> Path:
    teacher = write_run(folder / "teacher", model, **changes)
    carry_out(teacher)
    scoring = write_run(
        folder / "scoring",
        model,
        **{
            **changes,
            "kind": "score",
            "teacher_artifact": str(teacher / "artifact"),
            "data": {"unlabelled": "data/unlabelled"},
        },
    )
    carry_out(scoring)
    return scoring / "soft_labels"


def student(run_folder: RunFolder, soft: Path, model: Path, name: str = "student", **changes: Any) -> Path:
    data = {"soft_labels": str(soft), "train": "data/train", "dev": "data/dev", "test": "data/test"}
    named = {"source": "folder", "name": str(model)}
    return run_folder(name, **{"kind": "distil", "model": named, "data": data, "training": FAST, **changes})


@pytest.mark.parametrize("gold_weight", [0.0, 1.0])
@pytest.mark.parametrize(
    ("teacher", "pupil", "of_tokens"),
    [("t5", "t5", True), ("t5", "signs", False), ("t5", "bert", False), ("bert", "t5", False)],
)
def test_any_learns_classes_from_any(
    run_folder: RunFolder,
    sets: Sets,
    tiny_folder: Path,
    t5: Path,
    tmp_path: Path,
    teacher: str,
    pupil: str,
    of_tokens: bool,
    gold_weight: float,
) -> None:
    model = {"t5": t5, "bert": tiny_folder}.get(pupil) or write_tiny_t5(tmp_path / "signs", words=())
    training = {**FAST, "steps": 100, "gold_weight": gold_weight}
    result = carry_out(student(run_folder, sets[teacher], model, training=training))
    assert result["distillation"]["of_tokens"] is of_tokens
    assert result["num_train"] == (24 if gold_weight else 0)
    if pupil != "signs":
        assert result["metrics"]["test"]["accuracy"]["value"] > result["metrics"]["baseline"]["value"]


@EVERY_LABELLED_TYPE
def test_a_t5_teaches_a_t5_and_an_encoder_every_task_type(
    run_folder: RunFolder, tiny_folder: Path, t5: Path, tmp_path: Path, task_type: TaskType
) -> None:
    name = task_type.name
    # Copying words takes longer to learn than naming a label.
    pace = (
        {"steps": 160, "learning_rate": 1e-2} if name == "entity_extraction" else {"steps": 30, "learning_rate": 5e-3}
    )
    soft = soft_labels(tmp_path / "sets", t5, task_type=name, training={**SHORT, "max_length": 32, **pace})
    for model, of_tokens in ((t5, True), (tiny_folder, False)):
        folder = student(run_folder, soft, model, str(of_tokens), task_type=name, training=SHORT)
        assert carry_out(folder)["distillation"]["of_tokens"] is of_tokens


@pytest.mark.parametrize("task_type", ["multi_label_classification", "entity_extraction"])
def test_an_encoder_cannot_teach_a_t5_what_is_no_single_label(
    run_folder: RunFolder, tiny_folder: Path, t5: Path, tmp_path: Path, task_type: str
) -> None:
    soft = soft_labels(tmp_path / "sets", tiny_folder, task_type=task_type, training=SHORT)
    with pytest.raises(NoCommonOutputs, match="an encoder"):
        carry_out(student(run_folder, soft, t5, task_type=task_type, training=SHORT))


@pytest.mark.parametrize("distillation", [{"gold_epochs": 1}, {"filter": "random", "keep": 0.5}])
def test_gold_may_follow_and_rows_be_left_out(
    run_folder: RunFolder, sets: Sets, t5: Path, distillation: dict[str, Any]
) -> None:
    settings = {**SHORT, "steps": 12}
    result = carry_out(student(run_folder, sets["t5"], t5, training=settings, distillation=distillation))
    assert result["num_pseudo_labels"] == (15 if "keep" in distillation else 30)


@pytest.mark.parametrize("gold_weight", [0.0, 1.0])
def test_a_distillation_stopped_in_the_middle_ends_as_if_it_had_not_been(
    run_folder: RunFolder, sets: Sets, t5: Path, gold_weight: float
) -> None:
    settings = {**SHORT, "gold_weight": gold_weight}
    whole = student(run_folder, sets["t5"], t5, "whole", training=settings)
    carry_out(whole)
    folder = student(run_folder, sets["t5"], t5, "stopped", training=settings)
    job = job_of(folder)
    job.progress.step = lambda step, **_: job.stop.request() if step == 3 else None  # type: ignore[method-assign]
    with pytest.raises(StopRequested):
        METHODS["distil"](job)
    carry_out(folder)
    weights = "artifact/model.safetensors"
    assert (folder / weights).read_bytes() == (whole / weights).read_bytes()
