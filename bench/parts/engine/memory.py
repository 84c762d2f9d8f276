"""The memory that rows and classes take, few and many of them: each run in a trainer process of its own."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import datasets
import numpy as np
from transformers import AutoTokenizer, BertConfig, BertModel

from training.answers import Rows
from training.data import ModelOutputs
from training.distil import PartialStore, StorePlan
from training.learners import LabelMap, load_classifier, save_classifier
from training.models import model_folder
from training.spec import ModelSource
from training.tasks import TASK_TYPES

ROOT = Path(__file__).resolve().parents[3]
TASK = TASK_TYPES["text_classification"]
LABELS = ("even", "odd")
MAX_LENGTH = 16
# So long are the rows that a student learns from.
TAUGHT_LENGTH = 32
FEW_ROWS = 20_000
MANY_ROWS = 1_000_000
ROWS_OF_MANY_CLASSES = 100_000
MANY_CLASSES = 10_000
ROWS_PER_SHARD = 1024


def many_over_few(folder: Path, *, share: int) -> float:
    """Peak memory of scoring `MANY_ROWS / share` rows over that of `FEW_ROWS / share`."""
    teacher = _small_teacher(folder / "scoring", LABELS)
    peaks = [_scored(folder / str(count), teacher, LABELS, count // share) for count in (FEW_ROWS, MANY_ROWS)]
    return peaks[1] / peaks[0]


def distilling_a_million(folder: Path, *, share: int) -> float:
    """MiB that distilling `MANY_ROWS / share` rows of 32 tokens takes above distilling a thousand: above the model."""
    _small_teacher(folder / "distilling", LABELS)
    peaks: list[int] = []
    for count in (1_000, MANY_ROWS // share):
        run = folder / f"distilling-{count}"
        _write_soft_labels(run, count)
        peaks.append(_distilled(run, folder / "distilling" / "small", LABELS, run / "soft_labels"))
    return (peaks[1] - peaks[0]) / 2**20


def many_classes(folder: Path, *, share: int) -> float:
    """Peak GiB of scoring `ROWS_OF_MANY_CLASSES / share` rows into MANY_CLASSES classes, and of learning from that."""
    labels = [f"class {number}" for number in range(MANY_CLASSES)]
    teacher = _small_teacher(folder / "classes", labels)
    run = folder / "many-classes"
    scoring = _scored(run, teacher, labels, ROWS_OF_MANY_CLASSES // share)
    student = folder / "many-classes-student"
    student.mkdir()
    return max(scoring, _distilled(student, folder / "classes" / "small", labels, run / "soft_labels")) / 2**30


def _small_teacher(folder: Path, labels: Sequence[str]) -> Path:
    """A teacher of one narrow layer: rows, not weights, are what would fill the memory."""
    folder.mkdir()
    carrier = ModelSource(source="package", name="paraphrase-MiniLM-L3-v2")
    tokenizer = AutoTokenizer.from_pretrained(model_folder(carrier))
    config = BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=TAUGHT_LENGTH,
    )
    plain = folder / "small"
    BertModel(config, add_pooling_layer=False).save_pretrained(plain)
    tokenizer.save_pretrained(plain)
    source = ModelSource(source="folder", name=str(plain))
    classifier = load_classifier(source=source, task_type=TASK, labels=labels, max_length=MAX_LENGTH)
    teacher = folder / "small-teacher"
    teacher.mkdir()
    label_map = LabelMap(task_type=TASK.name, labels=tuple(labels), max_length=MAX_LENGTH)
    save_classifier(classifier=classifier, label_map=label_map, folder=teacher)
    return teacher


def _scored(folder: Path, teacher: Path, labels: Sequence[str], num_rows: int) -> int:
    folder.mkdir()
    rows = datasets.Dataset.from_generator(_rows, gen_kwargs={"num_rows": num_rows}, cache_dir=str(folder / "cache"))
    rows.save_to_disk(str(folder / "unlabelled"))
    return _peak_bytes(
        folder,
        kind="score",
        labels=list(labels),
        teacher_artifact=str(teacher),
        data={"unlabelled": "unlabelled"},
        training={"max_length": MAX_LENGTH},
    )


def _distilled(folder: Path, student: Path, labels: Sequence[str], soft_labels: Path) -> int:
    return _peak_bytes(
        folder,
        kind="distil",
        labels=list(labels),
        model={"source": "folder", "name": str(student), "revision": None},
        data={"soft_labels": str(soft_labels)},
        training={"max_length": TAUGHT_LENGTH, "steps": 20, "learning_rate": 1e-4},
    )


def _peak_bytes(folder: Path, **spec: Any) -> int:
    (folder / "spec.json").write_text(json.dumps({"version": 1, "task_type": TASK.name, **spec}))
    command = [sys.executable, "-m", "training", str(folder / "spec.json")]
    subprocess.run(
        command, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, check=True, stdout=subprocess.DEVNULL
    )
    used: dict[str, Any] = json.loads((folder / "meter.json").read_text())
    return int(used["peak_memory_bytes"])


def _write_soft_labels(folder: Path, num_rows: int) -> None:
    """Write a set as a scoring would, of rows of about 32 tokens."""
    folder.mkdir()
    plan = StorePlan(
        task_type=TASK.name,
        labels=LABELS,
        unit=TASK.unit,
        outputs=TASK.output_names(LABELS),
        teacher_hash="",
        tokenizer_hash="",
        data_hash="",
        max_length=TAUGHT_LENGTH,
        precision="fp32",
        rows_per_shard=ROWS_PER_SHARD,
        num_rows=num_rows,
    )
    store = PartialStore(folder / "partial", plan)
    store.open()
    draw = np.random.default_rng(0)
    for shard, start in enumerate(range(0, num_rows, ROWS_PER_SHARD)):
        numbers = range(start, min(start + ROWS_PER_SHARD, num_rows))
        texts = [f"row {number} says that its number is {number % 2} " + "and so on, " * 5 for number in numbers]
        rows = Rows(uids=[f"{number:08d}" for number in numbers], columns={"text": texts}, gold=None)
        values = draw.normal(size=(len(numbers), len(LABELS))).astype(np.float32)
        store.write(shard, rows=rows, outputs=ModelOutputs.one_per_row(values))
    store.publish(folder / "soft_labels", calibration=None, confidence=None)


def _rows(num_rows: int) -> Iterator[dict[str, str]]:
    for number in range(num_rows):
        yield {"uid": f"{number:08d}", "text": f"row {number} says that {number % 97} is {number % 2}"}
