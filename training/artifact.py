"""A trained student or teacher as a folder.

The folder is an ordinary checkpoint (`AutoModel.from_pretrained` reads its encoder) with the head beside it in
head.safetensors and the order of the outputs in label_map.json.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from training.classifier import EncoderClassifier, state_in_fp32
from training.folder import write_json
from training.pretrained import PretrainedUnusable, load_pretrained
from training.settings import ModelSource
from training.task_types.base import TaskType

HEAD_FILE = "head.safetensors"
LABEL_MAP_FILE = "label_map.json"


@dataclass(frozen=True, kw_only=True)
class LabelMap:
    """What an artifact answers: its task type, its labels in the order of its outputs, its input length."""

    task_type: str
    labels: tuple[str, ...]
    max_length: int


@dataclass(frozen=True, kw_only=True)
class Classifier:
    """A model with its tokenizer, ready to train or to score."""

    model: EncoderClassifier
    tokenizer: Any


def load_classifier(*, source: ModelSource, task_type: TaskType, labels: Sequence[str], max_length: int) -> Classifier:
    """Load a checkpoint with a head: the saved one if the folder is an artifact, else a fresh one.

    Parameters
    ----------
    source
        hub name, folder or package.
    task_type
        builds the head.
    labels
        the study's labels; an artifact must have the same, in the same order.
    max_length
        tokens per example.

    Returns
    -------
    The classifier on the CPU, fp32.

    Raises
    ------
    PretrainedMissing, PretrainedUnusable: as load_pretrained, or the artifact answers other labels.
    """
    pretrained = load_pretrained(source=source, max_length=max_length)
    model = task_type.build(encoder=pretrained.encoder, labels=labels)
    if is_artifact(source):
        folder = Path(source.name)
        check_label_map(folder=folder, task_type=task_type, labels=labels)
        try:
            model.head.load_state_dict(load_file(folder / HEAD_FILE))
        except (OSError, RuntimeError, SafetensorError) as error:
            raise PretrainedUnusable(f"The head in {folder} cannot be loaded ({error}). Train it again.") from error
    return Classifier(model=model, tokenizer=pretrained.tokenizer)


def is_artifact(source: ModelSource) -> bool:
    """Say whether a source is a folder that a run of ours has left."""
    return source.source == "folder" and (Path(source.name) / HEAD_FILE).is_file()


def read_label_map(folder: Path) -> LabelMap:
    """Read what an artifact answers; raises PretrainedUnusable if it does not say."""
    try:
        payload = json.loads((folder / LABEL_MAP_FILE).read_text(encoding="utf-8"))
        return LabelMap(
            task_type=payload["task_type"], labels=tuple(payload["labels"]), max_length=payload["max_length"]
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise PretrainedUnusable(f"{folder / LABEL_MAP_FILE} cannot be read ({error}). Train it again.") from error


def check_label_map(*, folder: Path, task_type: TaskType, labels: Sequence[str]) -> None:
    """Raise PretrainedUnusable unless an artifact is of this task type and answers these labels in this order."""
    found = read_label_map(folder)
    if found.task_type != task_type.name or found.labels != tuple(labels):
        raise PretrainedUnusable(
            f"{folder} is a {found.task_type} over {len(found.labels)} labels ({', '.join(found.labels)}), the spec "
            f"asks for {task_type.name} over {len(labels)} ({', '.join(labels)}). Name the labels in the same order."
        )


def save_classifier(*, classifier: Classifier, label_map: LabelMap, folder: Path) -> None:
    """Write encoder, tokenizer, head and label map into a folder, weights in fp32.

    Parameters
    ----------
    classifier
        trained.
    label_map
        what it answers.
    folder
        exists; files of the same names are replaced.
    """
    encoder = classifier.model.encoder
    encoder.save_pretrained(folder, state_dict=state_in_fp32(encoder))  # type: ignore[operator]
    classifier.tokenizer.save_pretrained(folder)
    save_file(state_in_fp32(classifier.model.head), folder / HEAD_FILE)
    write_json(
        path=folder / LABEL_MAP_FILE,
        payload={
            "task_type": label_map.task_type,
            "labels": list(label_map.labels),
            "max_length": label_map.max_length,
            "pooling": "mean over tokens",
        },
    )
