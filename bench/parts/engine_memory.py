"""The memory that scoring takes, of a few rows and of a million: each in a trainer process of its own."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import datasets
from transformers import AutoTokenizer, BertConfig, BertModel

from training.learners import LabelMap, load_classifier, save_classifier
from training.models import model_folder
from training.spec import ModelSource
from training.tasks import TASK_TYPES

ROOT = Path(__file__).resolve().parents[2]
TASK = TASK_TYPES["text_classification"]
LABELS = ("even", "odd")
MAX_LENGTH = 16
FEW_ROWS = 20_000
MANY_ROWS = 1_000_000


def many_over_few(folder: Path, *, share: int) -> float:
    """Peak memory of scoring `MANY_ROWS / share` rows over that of `FEW_ROWS / share`."""
    teacher = _small_teacher(folder)
    peaks = [_peak_bytes(folder / str(count), teacher, count // share) for count in (FEW_ROWS, MANY_ROWS)]
    return peaks[1] / peaks[0]


def _small_teacher(folder: Path) -> Path:
    """A teacher of one narrow layer: rows, not weights, are what would fill the memory."""
    carrier = ModelSource(source="package", name="paraphrase-MiniLM-L3-v2")
    tokenizer = AutoTokenizer.from_pretrained(model_folder(carrier))
    config = BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=MAX_LENGTH,
    )
    plain = folder / "small"
    BertModel(config, add_pooling_layer=False).save_pretrained(plain)
    tokenizer.save_pretrained(plain)
    source = ModelSource(source="folder", name=str(plain))
    classifier = load_classifier(source=source, task_type=TASK, labels=LABELS, max_length=MAX_LENGTH)
    teacher = folder / "small-teacher"
    teacher.mkdir()
    label_map = LabelMap(task_type=TASK.name, labels=LABELS, max_length=MAX_LENGTH)
    save_classifier(classifier=classifier, label_map=label_map, folder=teacher)
    return teacher


def _peak_bytes(folder: Path, teacher: Path, num_rows: int) -> int:
    folder.mkdir()
    rows = datasets.Dataset.from_generator(_rows, gen_kwargs={"num_rows": num_rows}, cache_dir=str(folder / "cache"))
    rows.save_to_disk(str(folder / "unlabelled"))
    spec = {
        "version": 1,
        "kind": "score",
        "task_type": TASK.name,
        "labels": list(LABELS),
        "teacher_artifact": str(teacher),
        "data": {"unlabelled": "unlabelled"},
        "training": {"max_length": MAX_LENGTH},
    }
    (folder / "spec.json").write_text(json.dumps(spec))
    command = [sys.executable, "-m", "training", str(folder / "spec.json")]
    subprocess.run(
        command, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, check=True, stdout=subprocess.DEVNULL
    )
    used: dict[str, Any] = json.loads((folder / "meter.json").read_text())
    return int(used["peak_memory_bytes"])


def _rows(num_rows: int) -> Iterator[dict[str, str]]:
    for number in range(num_rows):
        yield {"uid": f"{number:08d}", "text": f"row {number} says that {number % 97} is {number % 2}"}
