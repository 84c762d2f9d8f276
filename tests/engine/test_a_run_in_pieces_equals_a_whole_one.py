from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import training.methods.scoring
from tests.tiny_runs import RunFolder, carry_out, job_of
from training.methods import METHODS
from training.runtime import StopFlag, StopRequested

SEARCH = {"learning_rates": [1e-3, 3e-3], "epochs": [], "num_seeds": 2}
DATA = {"train": "data/train", "dev": "data/dev", "test": "data/test"}
# Enough to come past any one evaluation, and past the baselines and the last one, so that each piece gets further.
LOOKS_PER_PIECE = 11


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


def in_pieces(folder: Path, *, looks: int = LOOKS_PER_PIECE) -> tuple[dict[str, Any], int]:
    """Carry a run out, stopped again and again; returns its result and in how many pieces."""
    for piece in range(1, 200):
        job = job_of(folder)
        stopped = type(job)(spec=job.spec, folder=folder, progress=job.progress, stop=StopAfter(looks))
        try:
            return METHODS[job.spec.kind](stopped), piece
        except StopRequested:
            continue
    raise AssertionError("it does not get on")


@pytest.fixture
def soft_labels(run_folder: RunFolder, teacher: Path) -> str:
    folder = run_folder("scoring", kind="score", teacher_artifact=str(teacher), data={"unlabelled": "data/unlabelled"})
    carry_out(folder)
    return str(folder / "soft_labels")


def equal_runs(make: Callable[[str], Path], *, looks: int = LOOKS_PER_PIECE) -> int:
    """Carry a run out whole and in pieces, see that both make the same; returns the number of pieces."""
    whole = carry_out(make("whole"))
    result, pieces = in_pieces(make("pieces"), looks=looks)
    assert result["artifact_hash"] == whole["artifact_hash"]
    assert result["metrics"] == whole["metrics"]
    assert result.get("seeds") == whole.get("seeds")
    return pieces


def test_a_search_and_its_seeds(run_folder: RunFolder) -> None:
    assert equal_runs(lambda name: run_folder(name, search=SEARCH)) > 3


def test_a_distillation(run_folder: RunFolder, soft_labels: str) -> None:
    data = {**DATA, "soft_labels": soft_labels}
    assert equal_runs(lambda name: run_folder(name, kind="distil", data=data, training={"steps": 20})) > 2


def test_a_searched_hybrid(run_folder: RunFolder, soft_labels: str) -> None:
    data, hybrid = {**DATA, "soft_labels": soft_labels}, {"gold_epochs": 1}

    def make(name: str) -> Path:
        return run_folder(name, kind="distil", data=data, search=SEARCH, distillation=hybrid, training={"steps": 12})

    assert equal_runs(make) > 3


def test_a_scoring(run_folder: RunFolder, teacher: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training.methods.scoring, "ROWS_PER_SHARD", 2)
    data = {"unlabelled": "data/unlabelled", "dev": "data/dev"}

    def make(name: str) -> Path:
        return run_folder(name, kind="score", teacher_artifact=str(teacher), data=data)

    assert equal_runs(make, looks=7) > 2
