from pathlib import Path
from typing import Any

import pytest

from tests.tiny_llama import write_tiny_llama
from tests.tiny_runs import RunFolder, carry_out, job_of, write_run
from tests.tiny_t5 import write_tiny_t5
from training.distil import read_soft_labels
from training.methods import METHODS
from training.methods.preparing import TeacherUnfit
from training.runtime import StopRequested
from training.spec import SpecInvalid

PACE = {"steps": 100, "learning_rate": 1e-2, "batch_size": 8, "evaluations": 1, "answer_length": 8}
SHORT = {**PACE, "steps": 4}
Writers = dict[str, Path]


@pytest.fixture(scope="session")
def writers(tmp_path_factory: pytest.TempPathFactory) -> Writers:
    folder = tmp_path_factory.mktemp("writers")
    return {"t5": write_tiny_t5(folder / "t5"), "llama": write_tiny_llama(folder / "llama")}


@pytest.fixture(scope="session")
def teacher(tmp_path_factory: pytest.TempPathFactory, writers: Writers) -> Path:
    """Give a decoder that has learned to write."""
    folder = write_run(
        tmp_path_factory.mktemp("teacher") / "run", writers["llama"], task_type="text_generation", training=PACE
    )
    carry_out(folder)
    return folder / "artifact"


def scoring(folder: Path, teacher: Path, **training: Any) -> Path:
    settings = {**SHORT, **training}
    data = {"unlabelled": "data/unlabelled"}
    asked = {"kind": "score", "task_type": "text_generation", "teacher_artifact": str(teacher), "data": data}
    return write_run(folder, teacher, **asked, training=settings)


def student(run_folder: RunFolder, soft: Path, model: Path, name: str = "student", **changes: Any) -> Path:
    data = {"soft_labels": str(soft), "train": "data/train", "dev": "data/dev", "test": "data/test"}
    named = {"source": "folder", "name": str(model)}
    asked = {"kind": "distil", "task_type": "text_generation", "model": named, "data": data, "training": PACE}
    return run_folder(name, **{**asked, **changes})


@pytest.mark.parametrize(
    ("pupil", "distil_from", "of_tokens"),
    [("llama", "soft_labels", True), ("llama", "answers", False), ("t5", "soft_labels", False)],
)
def test_a_student_learns_from_tokens_or_from_what_was_written(
    run_folder: RunFolder,
    writers: Writers,
    teacher: Path,
    tmp_path: Path,
    pupil: str,
    distil_from: str,
    of_tokens: bool,
) -> None:
    written = carry_out(scoring(tmp_path / "scoring", teacher, num_answers=1))["written"]
    assert (written["num_written"], written["num_cut"], written["num_empty"]) == (30, 0, 0)
    folder = student(
        run_folder,
        tmp_path / "scoring" / "soft_labels",
        writers[pupil],
        distillation={"distil_from": distil_from},
        training={**PACE, "steps": 160},
    )
    result = carry_out(folder)
    assert result["distillation"]["of_tokens"] is of_tokens
    assert (result["num_train"], result["num_pseudo_labels"]) == (0, 30)
    assert result["metrics"]["test"]["bleu"]["value"] > result["metrics"]["baseline"]["value"] + 0.2


def test_several_answers_are_drawn_alike_in_any_batch_and_taken_in_turns(
    run_folder: RunFolder, writers: Writers, teacher: Path, tmp_path: Path
) -> None:
    folder = scoring(tmp_path / "scoring", teacher, num_answers=3)
    carry_out(folder)
    soft = read_soft_labels(
        folder=folder / "soft_labels", task_type="text_generation", input_fields=("text",), labels=[]
    )
    assert (len(soft.rows), soft.num_texts) == (90, 30)
    assert soft.written is not None and len(set(soft.written.texts)) > 2
    result = carry_out(student(run_folder, folder / "soft_labels", writers["llama"], training=SHORT))
    assert result["num_pseudo_labels"] == 30


def test_the_surest_answers_are_kept_and_gold_ones_follow(
    run_folder: RunFolder, writers: Writers, teacher: Path, tmp_path: Path
) -> None:
    carry_out(scoring(tmp_path / "scoring", teacher, num_answers=2))
    distillation = {"filter": "confidence", "keep": 0.5, "gold_epochs": 1}
    soft, settings = tmp_path / "scoring" / "soft_labels", {**SHORT, "steps": 8}
    result = carry_out(student(run_folder, soft, writers["llama"], training=settings, distillation=distillation))
    told = result["distillation"]
    assert (told["num_asked"], told["num_passed"]) == (60, 30)
    assert (result["num_train"], result["seeds"][0]["num_steps"]) == (24, 8)


def test_a_scoring_stopped_between_shards_ends_as_if_it_had_not_been(
    teacher: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("training.methods.scoring.ANSWERS_PER_SHARD", 16)
    whole = carry_out(scoring(tmp_path / "whole", teacher, num_answers=2))
    folder = scoring(tmp_path / "stopped", teacher, num_answers=2)
    job = job_of(folder)
    job.progress.step = lambda step, **_: job.stop.request() if step >= 16 else None  # type: ignore[method-assign]
    with pytest.raises(StopRequested):
        METHODS["score"](job)
    assert carry_out(folder)["artifact_hash"] == whole["artifact_hash"]


@pytest.mark.parametrize(("gold_weight", "distil_from"), [(0.0, "soft_labels"), (1.0, "on_policy")])
def test_a_distillation_stopped_in_the_middle_ends_as_if_it_had_not_been(
    run_folder: RunFolder, writers: Writers, teacher: Path, tmp_path: Path, gold_weight: float, distil_from: str
) -> None:
    soft = tmp_path / "scoring" / "soft_labels"
    carry_out(scoring(tmp_path / "scoring", teacher, num_answers=2))
    asked: dict[str, Any] = {
        "training": {**SHORT, "gold_weight": gold_weight},
        "distillation": {"distil_from": distil_from},
        "teacher_artifact": str(teacher),
    }
    whole = student(run_folder, soft, writers["llama"], "whole", **asked)
    carry_out(whole)
    folder = student(run_folder, soft, writers["llama"], "stopped", **asked)
    job = job_of(folder)
    job.progress.step = lambda step, **_: job.stop.request() if step == 3 else None  # type: ignore[method-assign]
    with pytest.raises(StopRequested):
        METHODS["distil"](job)
    carry_out(folder)
    weights = "artifact/model.safetensors"
    assert (folder / weights).read_bytes() == (whole / weights).read_bytes()


def test_students_learn_from_their_own_answers_each_asking_its_teacher(
    run_folder: RunFolder, writers: Writers, teacher: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    carry_out(scoring(tmp_path / "scoring", teacher))
    own = {"soft_labels": str(tmp_path / "scoring" / "soft_labels"), "artifact": str(teacher)}
    folder = student(
        run_folder,
        tmp_path,
        writers["llama"],
        training={**PACE, "steps": 12},
        distillation={"distil_from": "on_policy", "on_policy_share": 0.75},
        teachers=[{**own, "seed": seed} for seed in (3, 4)],
        search={"num_seeds": 2},
        data={"dev": "data/dev", "test": "data/test"},
    )
    result = carry_out(folder)
    assert (result["distillation"]["distil_from"], result["distillation"]["of_tokens"]) == ("on_policy", True)
    assert (result["num_teachers"], result["metrics"]["test"]["num_seeds"]) == (2, 2)
    told = "of the steps, 75% are on answers that the student writes itself"
    assert capsys.readouterr().out.count(told) == 2


@pytest.mark.parametrize("of", ["another tokenizer", "no teacher"])
def test_on_policy_needs_a_teacher_of_the_students_tokens(
    run_folder: RunFolder, writers: Writers, teacher: Path, tmp_path: Path, of: str
) -> None:
    carry_out(scoring(tmp_path / "scoring", teacher))
    asked: dict[str, Any] = {"distillation": {"distil_from": "on_policy"}, "training": SHORT}
    soft = tmp_path / "scoring" / "soft_labels"
    if of == "no teacher":
        with pytest.raises(SpecInvalid, match="teacher_artifact: is missing while distil_from is on_policy"):
            job_of(student(run_folder, soft, writers["llama"], **asked))
        return
    folder = student(run_folder, soft, writers["t5"], teacher_artifact=str(teacher), **asked)
    with pytest.raises(TeacherUnfit, match="do not write with one tokenizer"):
        carry_out(folder)
