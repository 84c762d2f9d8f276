"""Tiny runs: small datasets, specs and classifiers for tests of the training engine."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import datasets
import numpy as np
import pytest
import torch

from training.answers import Floats, Rows
from training.compute import Compute
from training.data import EncodedRows
from training.job import Job
from training.learners import Classifier, encode_rows, learner_of, load_classifier
from training.methods import METHODS
from training.reporting import Progress
from training.spec import ModelSource, RunSpec
from training.tasks import TASK_TYPES, TaskType
from training.train.objectives import GoldLoss

LABELS = ["neg", "pos"]
GOOD = ("good", "great", "fine", "happy", "love")
BAD = ("bad", "awful", "poor", "sad", "hate")
ENDINGS = ("the movie", "this film was that", "a day", "the sun and the rain and the sea", "team", "very much this")

RunFolder = Callable[..., Path]
Undisturbed = Callable[..., dict[str, Any]]


TEXT = TASK_TYPES["text_classification"]
EVERY_TASK_TYPE = pytest.mark.parametrize("task_type", TASK_TYPES.values(), ids=TASK_TYPES.keys())
LABELLED_TYPES = {name: one for name, one in TASK_TYPES.items() if one.has_labels}
EVERY_LABELLED_TYPE = pytest.mark.parametrize("task_type", LABELLED_TYPES.values(), ids=LABELLED_TYPES.keys())
WRITTEN_TYPES = {name: one for name, one in TASK_TYPES.items() if not one.has_labels}
# What is written to a text of each label.
WRITTEN = {"pos": ["happy film", "happy movie"], "neg": ["sad day"]}
CPU = Compute(device=torch.device("cpu"), bf16=False)


class SameMeaning:
    """Takes all texts to mean the same."""

    name = "nothing"

    def __call__(self, *, sources: Sequence[str], written: Sequence[str]) -> Floats:
        return np.ones(len(sources))


def sentences(count: int, *, start: int = 0) -> dict[str, list[str]]:
    """Return `count` examples, half of each label, of unequal lengths."""
    rows: dict[str, list[str]] = {"uid": [], "text": [], "label": []}
    for number in range(start, start + count):
        label = LABELS[number % 2]
        word = (GOOD if label == "pos" else BAD)[number // 2 % 5]
        rows["uid"].append(f"u{number}")
        rows["text"].append(f"{word} {ENDINGS[number // 10 % 6]} {'very ' * (number % 7)}{word}")
        rows["label"].append(label)
    return rows


def examples(task_type: str, count: int, *, start: int = 0) -> dict[str, list[str]]:
    """Return `count` examples of a task type: sentences, with the label that their opinion words give them."""
    rows = sentences(count, start=start)
    uid, texts, labels = rows["uid"], rows["text"], rows["label"]
    if task_type == "pair_classification":
        return {"uid": uid, "text_a": texts, "text_b": ["the sun"] * count, "label": labels}
    if task_type == "multi_label_classification":
        sets = [[label] if number % 4 else [] for number, label in enumerate(labels)]
        texts = [text if number % 4 else "the team" for number, text in enumerate(texts)]
        return {"uid": uid, "text": texts, "label": [json.dumps(one) for one in sets]}
    if task_type == "entity_extraction":
        return {"uid": uid, "text": texts, "label": [opinions(text) for text in texts]}
    written = [json.dumps(WRITTEN[label]) for label in labels]
    if task_type == "text_generation":
        return {"uid": uid, "text": texts, "label": written}
    if task_type == "question_answering":
        passages = ["" if number % 3 else "the sun" for number in range(count)]
        return {"uid": uid, "question": texts, "passage": passages, "label": written}
    return rows


def opinions(text: str) -> str:
    """Return the spans of a text's opinion words, each up to the word behind it."""
    kind = dict.fromkeys(GOOD, "pos") | dict.fromkeys(BAD, "neg")
    found = re.finditer(rf"\b({'|'.join(kind)})\b( the \w+)?", text)
    return json.dumps([{"start": one.start(), "end": one.end(), "label": kind[one[1]]} for one in found])


def write_dataset(folder: Path, rows: Mapping[str, list[Any]]) -> Path:
    datasets.Dataset.from_dict(dict(rows)).save_to_disk(str(folder))
    return folder


def without_labels(rows: dict[str, list[str]]) -> dict[str, list[str]]:
    return {name: values for name, values in rows.items() if name != "label"}


def spec_payload(tiny_folder: Path, **changes: Any) -> dict[str, Any]:
    task_type = changes.get("task_type", "text_classification")
    training = {"steps": 6, "batch_size": 4, "learning_rate": 1e-3, "max_length": 32, "precision": "fp32"}
    has_labels = TASK_TYPES[task_type].has_labels
    metric = "accuracy" if has_labels else TASK_TYPES[task_type].metrics[0]
    payload: dict[str, Any] = {
        "version": 1,
        "kind": "finetune",
        "task_type": task_type,
        "labels": LABELS if has_labels else [],
        "model": {"source": "folder", "name": str(tiny_folder), "revision": None},
        "data": {"train": "data/train", "dev": "data/dev", "test": "data/test"},
        "training": {**training, **changes.pop("training", {})},
        "evaluation": {"metric": metric, "num_resamples": 50, "confidence": 0.95},
        "seed": 3,
        "num_threads": 1,
    }
    return {**payload, **changes}


def write_run(folder: Path, tiny_folder: Path, **changes: Any) -> Path:
    """Write a run folder, which is returned: 24 train, 10 dev, 10 test rows, and a spec with the changes asked for."""
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


def job_of(folder: Path) -> Job:
    """Return a job whose progress is kept in memory until someone writes it."""
    return Job(spec=RunSpec.from_json(folder / "spec.json"), folder=folder, progress=Progress(folder))


def carry_out(folder: Path) -> dict[str, Any]:
    """Carry out the run of a folder in this process and return its result."""
    job = job_of(folder)
    return METHODS[job.spec.kind](job)


def rows_with(gold: Sequence[str], *, texts: Sequence[str] | None = None, task_type: TaskType = TEXT) -> Rows:
    """Return rows with these gold answers, and any texts where these do not matter."""
    shown = list(texts) if texts is not None else ["any text"] * len(gold)
    columns = {name: shown for name in task_type.input_fields}
    return Rows(uids=[f"u{number}" for number in range(len(gold))], columns=columns, gold=[*gold])


# Three texts, and a gold answer to each per task type, over the labels a, b and c.
TEXTS = ("good movie", "a very bad and sad film", "star")
ENTITY = '{{"start": {}, "end": {}, "label": "{}"}}'
ANSWERS = {
    "text_classification": ["a", "b", "c"],
    "pair_classification": ["a", "b", "c"],
    "multi_label_classification": ['["a", "c"]', '["b"]', "[]"],
    "entity_extraction": [
        f"[{ENTITY.format(0, 10, 'a')}]",
        f"[{ENTITY.format(2, 10, 'b')}, {ENTITY.format(15, 23, 'c')}]",
        "[]",
    ],
    "text_generation": ['["fine picture", "great"]', '["not worth its ticket at all"]', '["sun"]'],
    "question_answering": ['["good", "a movie"]', '[{"text": "sad film", "start": 15}]', '["the star"]'],
}


def answered_rows(task_type: TaskType) -> Rows:
    return rows_with(ANSWERS[task_type.name], texts=TEXTS, task_type=task_type)


def tiny_classifier(folder: Path, *, task_type: TaskType = TEXT) -> Classifier:
    torch.manual_seed(5)
    source = ModelSource(source="folder", name=str(folder))
    classifier = load_classifier(source=source, task_type=task_type, labels=LABELS, max_length=32)
    classifier.model.eval()
    return classifier


def encoded_sentences(
    classifier: Classifier, count: int, *, task_type: TaskType = TEXT
) -> tuple[EncodedRows, GoldLoss]:
    data = examples(task_type.name, count)
    columns = {name: data[name] for name in task_type.input_fields}
    gold = task_type.read_gold(gold=data["label"], columns=columns, labels=LABELS)
    rows = Rows(uids=data["uid"], columns=columns, gold=[*gold])
    encoded = encode_rows(rows=rows, task_type=task_type, tokenizer=classifier.tokenizer, max_length=32)
    learner = learner_of(task_type)
    target = learner.targets(rows=rows, units=encoded.units, labels=LABELS)
    return encoded, GoldLoss(learner=learner, units=encoded.units, target=target)
