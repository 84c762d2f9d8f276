import json
import os
import subprocess
import sys
from pathlib import Path

import datasets
import pytest

from tests.services import ROOT
from tests.tiny_model import write_tiny_model
from tests.tiny_runs import carry_out, examples, sentences, spec_payload, without_labels, write_dataset

FEW_ROWS = 2_048
MANY_ROWS = 51_200
# As Python objects, what the rows more are made of would take more than twice as much.
MOST_BYTES_MORE = 32 * 2**20


@pytest.fixture
def teacher(tmp_path: Path) -> Path:
    folder = tmp_path / "teacher"
    datasets.disable_progress_bars()
    write_dataset(folder / "data" / "train", examples("text_classification", 24))
    spec = spec_payload(write_tiny_model(tmp_path / "tiny"), role="teacher", data={"train": "data/train"})
    (folder / "spec.json").write_text(json.dumps(spec))
    carry_out(folder)
    return folder / "artifact"


def peak_bytes(teacher: Path, num_rows: int) -> int:
    """Score so many rows in a process of its own, and return the most memory that it took."""
    folder = teacher.parents[1] / f"{num_rows}-rows"
    write_dataset(folder / "data" / "unlabelled", without_labels(sentences(num_rows)))
    spec = spec_payload(teacher, kind="score", data={"unlabelled": "data/unlabelled"}, teacher_artifact=str(teacher))
    (folder / "spec.json").write_text(json.dumps({**spec, "model": None}))
    command = [sys.executable, "-m", "training", str(folder / "spec.json")]
    subprocess.run(command, env={**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}, check=True)
    return int(json.loads((folder / "result.json").read_text())["peak_memory_bytes"])


def test_many_times_the_rows_take_the_memory_of_a_shard(teacher: Path) -> None:
    few, many = (peak_bytes(teacher, num_rows) for num_rows in (FEW_ROWS, MANY_ROWS))
    assert many - few < MOST_BYTES_MORE
