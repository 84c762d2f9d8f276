from pathlib import Path
from typing import Any

import pytest

from tests.tiny_runs import RunFolder, Undisturbed, carry_out, job_of
from training.methods import METHODS
from training.runtime import StopFlag, StopRequested
from training.train import checkpoint
from training.train.checkpoint import load_state, save_state


class StopAfter(StopFlag):
    """A flag that goes up when it was looked at so many times."""

    def __init__(self, looks: int) -> None:
        super().__init__()
        self._looks = looks

    def raise_if_requested(self) -> None:
        self._looks -= 1
        if self._looks < 0:
            self.request()
        super().raise_if_requested()


def stop_once(folder: Path, looks: int) -> None:
    job = job_of(folder)
    interrupted = type(job)(spec=job.spec, folder=folder, progress=job.progress, stop=StopAfter(looks))
    with pytest.raises(StopRequested):
        METHODS[job.spec.kind](interrupted)


@pytest.mark.parametrize("task_type", ["text_classification", "entity_extraction"])
@pytest.mark.parametrize("looks", [0, 2, 3, 7])
def test_a_run_stopped_anywhere_ends_as_if_it_had_not_been(
    run_folder: RunFolder, undisturbed: Undisturbed, looks: int, task_type: str
) -> None:
    folder = run_folder("stopped", task_type=task_type)
    stop_once(folder, looks)
    assert (folder / "checkpoint" / "state.pt").is_file()
    resumed = carry_out(folder)
    assert resumed["artifact_hash"] == undisturbed(task_type=task_type)["artifact_hash"]


@pytest.mark.parametrize("looks", [0, 7, 9, 11])
@pytest.mark.parametrize("has_dev", [True, False])
def test_a_training_on_pairs_stopped_anywhere_ends_as_if_it_had_not_been(
    run_folder: RunFolder, undisturbed: Undisturbed, looks: int, has_dev: bool
) -> None:
    data = {"train": "data/train", "test": "data/test", **({"dev": "data/dev"} if has_dev else {})}
    changes: dict[str, Any] = {"training": {"recipe": "contrast"}, "data": data}
    folder = run_folder("stopped", **changes)
    stop_once(folder, looks)
    assert carry_out(folder)["artifact_hash"] == undisturbed(**changes)["artifact_hash"]


def test_a_checkpoint_that_cannot_be_read_starts_the_run_anew(
    run_folder: RunFolder, undisturbed: Undisturbed, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = run_folder("damaged")
    stop_once(folder, 3)
    (folder / "checkpoint" / "state.pt").write_bytes(b"no checkpoint")
    again = carry_out(folder)
    assert "cannot be read" in capsys.readouterr().out
    assert again["artifact_hash"] == undisturbed()["artifact_hash"]


def test_a_checkpoint_with_a_changed_byte_starts_the_run_anew(
    run_folder: RunFolder, undisturbed: Undisturbed, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = run_folder("damaged")
    stop_once(folder, 3)
    saved = folder / "checkpoint" / "state.pt"
    content = bytearray(saved.read_bytes())
    content[len(content) // 2] ^= 0xFF
    saved.write_bytes(content)
    again = carry_out(folder)
    assert "cannot be read" in capsys.readouterr().out
    assert again["artifact_hash"] == undisturbed()["artifact_hash"]


def test_a_checkpoint_of_another_version_starts_the_run_anew(
    run_folder: RunFolder, undisturbed: Undisturbed, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = run_folder("old")
    stop_once(folder, 3)
    saved = folder / "checkpoint" / "state.pt"
    state = load_state(saved)
    del state["fit"]["num_cuts"]
    save_state(path=saved, state=state)
    again = carry_out(folder)
    assert "another version" in capsys.readouterr().out
    assert again["artifact_hash"] == undisturbed()["artifact_hash"]


def test_a_finished_trial_that_cannot_be_read_is_trained_again(
    run_folder: RunFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    search = {"learning_rates": [1e-3, 2e-3]}
    whole = carry_out(run_folder("whole", search=search))
    folder = run_folder("damaged", search=search)
    stop_once(folder, 14)
    (first, *_) = (folder / "trials").glob("*.pt")
    first.write_bytes(first.read_bytes()[:-100])
    assert carry_out(folder)["artifact_hash"] == whole["artifact_hash"]
    assert "is trained again" in capsys.readouterr().out


class Killed(BaseException):
    """What leaves no time to save anything."""


class KillAfter(StopAfter):
    def request(self) -> None:
        raise Killed


def test_a_kill_long_after_an_evaluation_costs_no_more_than_the_last_save(
    run_folder: RunFolder, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    training = {"steps": 8, "evaluations": 1}
    whole = carry_out(run_folder("whole", training=training))
    folder = run_folder("killed", training=training)
    monkeypatch.setattr(checkpoint, "SECONDS_BETWEEN_SAVES", 0.0)
    monkeypatch.setattr(checkpoint, "SAVING_SHARE", float("inf"))
    job = job_of(folder)
    with pytest.raises(Killed):
        METHODS[job.spec.kind](type(job)(spec=job.spec, folder=folder, progress=job.progress, stop=KillAfter(5)))
    assert carry_out(folder)["artifact_hash"] == whole["artifact_hash"]
    assert "resumed at step 5" in capsys.readouterr().out
