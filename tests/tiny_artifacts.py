"""Artifacts that nobody trained: a tiny model with a random head, and what it said about a test list."""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from pytest_django import Settings

from runs.models import Artifact
from tests.tiny_model import write_tiny_model
from training.learners import LabelMap, load_classifier, save_classifier
from training.spec import ModelSource
from training.tasks import TASK_TYPES

Said = tuple[str, str, str]


def give_model(artifact: Artifact, settings: Settings, runs_dir: Path) -> Path:
    """Put a model that answers the study's labels into an artifact's folder, which is returned."""
    study = artifact.run.study
    return write_model(_folder(artifact, settings, runs_dir), task_type=study.task_type, labels=tuple(study.labels))


def write_model(folder: Path, *, task_type: str, labels: tuple[str, ...]) -> Path:
    """Write a tiny model with a random head into a folder, which is returned."""
    folder.mkdir(parents=True, exist_ok=True)
    source = ModelSource(source="folder", name=str(write_tiny_model(folder.parent / "tiny")))
    kind = TASK_TYPES[task_type]
    classifier = load_classifier(source=source, task_type=kind, labels=labels, max_length=32)
    label_map = LabelMap(task_type=task_type, labels=labels, max_length=32)
    save_classifier(classifier=classifier, label_map=label_map, folder=folder)
    return folder


def give_predictions(
    artifact: Artifact,
    settings: Settings,
    runs_dir: Path,
    said: Iterable[Said],
    *,
    confidences: Sequence[float] = (),
    similarities: Sequence[float] = (),
) -> None:
    """Write what a model said: uid, gold and predicted answers; perhaps how sure it was, and how alike the source."""
    folder = _folder(artifact, settings, runs_dir)
    rows: list[dict[str, Any]] = [{"uid": uid, "gold": gold, "predicted": predicted} for uid, gold, predicted in said]
    for row, confidence in zip(rows, confidences, strict=False):
        row["probabilities"] = [1 - confidence, confidence]
    for row, similarity in zip(rows, similarities, strict=False):
        row["similarity"] = similarity
    (folder / "predictions.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))


def give_seed_predictions(artifact: Artifact, by_seed: Sequence[Iterable[Said]]) -> None:
    """Write beside a model's predictions what each of its seeds said."""
    rows = [
        {"uid": of_one[0][0], "predicted": [predicted for _, _, predicted in of_one]}
        for of_one in zip(*by_seed, strict=True)
    ]
    (artifact.path / "seed_predictions.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))


def said_of(uids: Sequence[str], *, right: int) -> list[Said]:
    """Two kinds in turns, of which the first so many are told rightly."""
    gold = ["good" if number % 2 else "bad" for number in range(len(uids))]
    other = {"good": "bad", "bad": "good"}
    return [(uid, one, one if i < right else other[one]) for i, (uid, one) in enumerate(zip(uids, gold, strict=True))]


def _folder(artifact: Artifact, settings: Settings, runs_dir: Path) -> Path:
    settings.RUNS_DIR = runs_dir
    artifact.folder = f"{artifact.run_id}/artifact"
    artifact.save(update_fields=["folder"])
    artifact.path.mkdir(parents=True, exist_ok=True)
    return artifact.path
