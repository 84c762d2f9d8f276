"""Fixtures of the tests that train: tiny models, run folders, a tiny teacher. A conftest imports what it needs."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import datasets
import pytest
import torch

from tests.tiny_model import write_tiny_model
from tests.tiny_runs import RunFolder, Undisturbed, carry_out, write_run


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> Iterator[None]:
    """Two cores are shared by everything else that is tested."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    datasets.disable_progress_bars()
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="session")
def tiny_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_model(tmp_path_factory.mktemp("tiny"))


@pytest.fixture(scope="session")
def letters_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a model like the tiny one whose tokenizer knows letters alone."""
    return write_tiny_model(tmp_path_factory.mktemp("letters"), words=())


@pytest.fixture
def run_folder(tmp_path: Path, tiny_folder: Path) -> RunFolder:
    """Give a maker of run folders; see write_run."""

    def make(name: str = "run", **changes: Any) -> Path:
        return write_run(tmp_path / name, tiny_folder, **changes)

    return make


@pytest.fixture(scope="session")
def undisturbed(tmp_path_factory: pytest.TempPathFactory, tiny_folder: Path) -> Undisturbed:
    """Give the result of a run that nothing disturbs; of equal ones, one is carried out."""
    known: dict[str, dict[str, Any]] = {}

    def result(**changes: Any) -> dict[str, Any]:
        key = json.dumps(changes, sort_keys=True)
        if key not in known:
            known[key] = carry_out(write_run(tmp_path_factory.mktemp("whole") / "run", tiny_folder, **changes))
        return known[key]

    return result


@pytest.fixture(scope="session")
def trained_teacher(tmp_path_factory: pytest.TempPathFactory, tiny_folder: Path) -> Path:
    """Give the run folder of a fine-tuned tiny teacher, trained once."""
    folder = tmp_path_factory.mktemp("trained") / "teacher"
    write_run(folder, tiny_folder, role="teacher", training={"steps": 12})
    carry_out(folder)
    return folder


@pytest.fixture
def teacher(trained_teacher: Path, tmp_path: Path) -> Path:
    """Give an artifact folder of its own, of a fine-tuned tiny teacher."""
    return Path(shutil.copytree(trained_teacher, tmp_path / "teacher")) / "artifact"
