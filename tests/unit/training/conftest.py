"""A tiny model and run folders, made anew for these tests."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import datasets
import pytest
import torch

from tests.tiny_model import write_tiny_model
from tests.tiny_runs import RunFolder, carry_out, examples, spec_payload, without_labels, write_dataset


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
    """Give a maker of run folders: 24 train, 10 dev, 10 test rows, and a spec with the changes asked for."""

    def make(name: str = "run", **changes: Any) -> Path:
        folder = tmp_path / name
        task_type = changes.get("task_type", "text_classification")
        for split, rows in (
            ("train", examples(task_type, 24)),
            ("dev", examples(task_type, 10, start=100)),
            ("test", examples(task_type, 10, start=200)),
            ("unlabelled", without_labels(examples(task_type, 30, start=300))),
        ):
            write_dataset(folder / "data" / split, rows)
        (folder / "spec.json").write_text(json.dumps(spec_payload(tiny_folder, **changes)))
        return folder

    return make


@pytest.fixture
def teacher(run_folder: RunFolder) -> Path:
    """Give the artifact folder of a fine-tuned tiny teacher."""
    folder = run_folder("teacher", role="teacher", training={"steps": 12})
    carry_out(folder)
    return folder / "artifact"
