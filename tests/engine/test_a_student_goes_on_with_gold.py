from pathlib import Path
from typing import Any

import pytest

from tests.tiny_runs import RunFolder, Undisturbed, carry_out, job_of, write_run
from training.methods import METHODS
from training.runtime import StopRequested
from training.spec import SpecInvalid, TrainingSettings
from training.train.two_stage import stage_settings

DATA = {"train": "data/train", "dev": "data/dev", "test": "data/test"}


@pytest.fixture(scope="session")
def soft_labels(tmp_path_factory: pytest.TempPathFactory, tiny_folder: Path, trained_teacher: Path) -> str:
    """Give a soft-label set with a calibration."""
    data = {"unlabelled": "data/unlabelled", "dev": "data/dev"}
    folder = tmp_path_factory.mktemp("gold") / "scoring"
    write_run(folder, tiny_folder, kind="score", teacher_artifact=str(trained_teacher / "artifact"), data=data)
    carry_out(folder)
    return str(folder / "soft_labels")


def hybrid(run_folder: RunFolder, soft_labels: str, name: str = "hybrid", **changes: Any) -> Path:
    """Give the run folder of a distillation over 30 rows in 6 steps, and two epochs over 24 gold rows, 12 steps."""
    return run_folder(name, **asked(soft_labels, **changes))


def asked(soft_labels: str, **changes: Any) -> dict[str, Any]:
    data = {**DATA, "soft_labels": soft_labels}
    training = {"steps": 18, "learning_rate": 3e-3}
    distillation = {"gold_epochs": 2, **changes.pop("distillation", {})}
    return {"kind": "distil", "data": data, "training": training, "distillation": distillation, **changes}


def stopped_at(folder: Path, num_steps: int) -> None:
    """Stop a run when it has taken so many steps in both stages together."""
    job = job_of(folder)
    taken: list[int] = []

    def count(step: int, *, loss: float | None = None) -> None:
        taken.extend([step] if loss is not None else [])
        if len(taken) == num_steps:
            job.stop.request()

    job.progress.step = count  # type: ignore[method-assign]
    with pytest.raises(StopRequested):
        METHODS["distil"](job)


def test_both_stages_together_take_the_steps_asked_for(undisturbed: Undisturbed, soft_labels: str) -> None:
    result = undisturbed(**asked(soft_labels))
    assert result["seeds"][0]["num_steps"] == 18
    assert (result["num_train"], result["num_pseudo_labels"]) == (24, 30)
    assert result["distillation"]["gold_epochs"] == 2


def test_the_better_stage_on_dev_is_kept(undisturbed: Undisturbed, soft_labels: str) -> None:
    found = undisturbed(**asked(soft_labels))
    outcome = found["seeds"][0]
    assert outcome["dev"] == found["metrics"]["dev"]["accuracy"]["value"]
    assert (outcome["stage"] == "distil") == (outcome["best_step"] <= 6)


def test_a_gold_stage_that_gains_nothing_leaves_the_distilled_student(
    run_folder: RunFolder, soft_labels: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    scores = iter([0.1, 0.2, 0.9, 0.3, 0.4, *[0.5] * 9])
    monkeypatch.setattr("training.evaluation.evaluator.Evaluator.dev_score", lambda self: next(scores))
    outcome = carry_out(hybrid(run_folder, soft_labels))["seeds"][0]
    assert (outcome["stage"], outcome["dev"]) == ("distil", 0.9)
    assert outcome["best_step"] < 6


@pytest.mark.parametrize("step", [1, 6, 7, 11])
def test_a_hybrid_stopped_in_either_stage_ends_as_if_it_had_not_been(
    run_folder: RunFolder, undisturbed: Undisturbed, soft_labels: str, step: int, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = undisturbed(**asked(soft_labels))
    folder = hybrid(run_folder, soft_labels, "stopped")
    stopped_at(folder, step)
    capsys.readouterr()
    resumed = carry_out(folder)
    assert (resumed["artifact_hash"] == whole["artifact_hash"]) and resumed["seeds"] == whole["seeds"]
    assert f"resumed at step {step if step <= 6 else step - 6}" in capsys.readouterr().out


def test_a_broken_checkpoint_of_the_gold_stage_takes_both_stages_again(
    run_folder: RunFolder, undisturbed: Undisturbed, soft_labels: str
) -> None:
    whole = undisturbed(**asked(soft_labels))
    folder = hybrid(run_folder, soft_labels, "broken")
    stopped_at(folder, 11)
    state = folder / "checkpoint" / "state.pt"
    content = bytearray(state.read_bytes())
    content[len(content) // 2] ^= 1
    state.write_bytes(content)
    again = carry_out(folder)
    assert (again["seeds"], again["artifact_hash"]) == (whole["seeds"], whole["artifact_hash"])


def test_a_search_tries_both_stages_and_goes_on_where_it_was_stopped(run_folder: RunFolder, soft_labels: str) -> None:
    search = {"learning_rates": [1e-3, 3e-3], "num_seeds": 2}
    whole = carry_out(hybrid(run_folder, soft_labels, "whole", search=search))
    folder = hybrid(run_folder, soft_labels, "stopped", search=search)
    stopped_at(folder, 18 + 9)
    resumed = carry_out(folder)
    assert [one["num_steps"] for one in resumed["search"]] == [18, 18]
    assert (resumed["search"], resumed["seeds"]) == (whole["search"], whole["seeds"])
    assert resumed["artifact_hash"] == whole["artifact_hash"]


def test_without_dev_the_gold_stage_has_the_last_word(run_folder: RunFolder, soft_labels: str) -> None:
    folder = hybrid(run_folder, soft_labels)
    spec = (folder / "spec.json").read_text().replace('"dev": "data/dev", ', "")
    (folder / "spec.json").write_text(spec)
    outcome = carry_out(folder)["seeds"][0]
    assert (outcome["stage"], outcome["best_step"], outcome["dev"]) == ("gold", 18, None)


def test_steps_that_the_gold_stage_takes_alone_are_refused() -> None:
    with pytest.raises(SpecInvalid, match="2 over 24 gold rows take 12 of 12 steps"):
        stage_settings(settings=TrainingSettings(steps=12, batch_size=4), gold_epochs=2, num_gold=24)


def test_with_epochs_each_stage_has_its_own() -> None:
    first, second = stage_settings(settings=TrainingSettings(epochs=3, batch_size=4), gold_epochs=2, num_gold=24)
    assert (first.epochs, second.epochs, second.head_learning_rate_factor) == (3, 2, 1.0)


def test_annotate_distil_and_hybrid_take_equal_steps(run_folder: RunFolder, soft_labels: str) -> None:
    annotate = run_folder("annotate", training={"steps": 18})
    distil = run_folder("distil", kind="distil", data={**DATA, "soft_labels": soft_labels}, training={"steps": 18})
    folders = (annotate, distil, hybrid(run_folder, soft_labels))
    assert [carry_out(folder)["seeds"][0]["num_steps"] for folder in folders] == [18, 18, 18]


def test_a_filtered_student_learns_from_fewer_rows_and_says_which(run_folder: RunFolder, soft_labels: str) -> None:
    result = carry_out(
        hybrid(run_folder, soft_labels, distillation={"filter": "confidence", "keep": 0.5, "gold_epochs": 0})
    )
    assert (result["num_pseudo_labels"], result["num_train"]) == (15, 0)
    assert result["distillation"]["num_asked"] == 30
    assert 0 < result["distillation"]["threshold"]["accuracy"] <= 1


def test_a_student_of_the_teachers_own_size_learns_from_it(run_folder: RunFolder, tiny_folder: Path) -> None:
    first = run_folder("first", role="student", training={"steps": 60, "learning_rate": 3e-3})
    taught = carry_out(first)
    scoring = run_folder(
        "scoring", kind="score", teacher_artifact=str(first / "artifact"), data={"unlabelled": "data/unlabelled"}
    )
    carry_out(scoring)
    data = {**DATA, "soft_labels": str(scoring / "soft_labels")}
    again = carry_out(run_folder("again", kind="distil", data=data, training={"steps": 60, "learning_rate": 3e-3}))
    found, of_first = (one["metrics"]["test"]["accuracy"]["value"] for one in (again, taught))
    assert found >= of_first - 0.1 >= 0.8
