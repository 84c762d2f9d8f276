"""What is kept of a model in each format: its speed, its size, and its utility on held-out rows of its own run."""

import platform
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import torch

from training.answers import Rows
from training.contract import SPEC_FILE, TORCH
from training.data import read_labelled
from training.evaluation import Predictor, load_predictor, with_similarity
from training.models import OnnxModel
from training.runtime import PermanentFailure, StopFlag, read_json
from training.serving.measuring import lines_of, speed_of, standing_of
from training.spec import RunSpec, SpecInvalid

MOST_MEASURED = 2_000
_MEGABYTE = 2**20


class CannotMeasure(PermanentFailure):
    """A folder holds an export in the place of a model, or there are no rows to measure a model on."""


@dataclass(frozen=True, kw_only=True)
class Measured:
    """The labelled rows that a model is measured on, and by which metric."""

    name: str
    rows: Rows
    metric: str


@dataclass(frozen=True, kw_only=True)
class Made:
    """A model in one format, and how large its weights are there."""

    predictor: Predictor
    num_bytes: int

    @classmethod
    def of(cls, predictor: Predictor, path: Path) -> "Made":
        files = path.glob("*.safetensors") if path.is_dir() else [path]
        return cls(predictor=predictor, num_bytes=sum(file.stat().st_size for file in files))


def measure_model(artifact: Path) -> dict[str, dict[str, Any]]:
    """Measure a student or teacher as it is, on one thread and the rows that its export is measured on.

    Returns what `export_model` has under `formats`, of the original alone. Raises: PermanentFailure, OSError.
    """
    original = load_original(artifact)
    measured = rows_to_measure(artifact, original)
    if measured is None:
        raise CannotMeasure("There are no labelled rows to measure it on: the dev and test rows of its run are gone.")
    return figures_of({TORCH: Made.of(original, artifact)}, measured)


def load_original(artifact: Path) -> Predictor:
    """Load a model that is no export, for one thread. Raises: PermanentFailure."""
    torch.set_num_threads(1)
    original = load_predictor(artifact, stop=StopFlag())
    if isinstance(original.model, OnnxModel):
        raise CannotMeasure(f"{artifact} is an export already. Name the model that it was made of.")
    return original


def rows_to_measure(artifact: Path, predictor: Predictor, folder: Path | None = None) -> Measured | None:
    """Return labelled rows of a dataset folder, else of a model's own run; None where there are none."""
    name, folder = ("given", folder) if folder is not None else _own_rows(artifact)
    if folder is None:
        return None
    labels = predictor.label_map.labels
    rows = read_labelled(folder=folder, name=name, task_type=predictor.task_type, labels=labels)
    asked = (read_json(artifact / SPEC_FILE).get("evaluation") or {}).get("metric")
    metric = asked if asked in predictor.task_type.metrics else predictor.task_type.metrics[0]
    return Measured(name=name, rows=first_rows(rows, MOST_MEASURED), metric=metric)


def _own_rows(artifact: Path) -> tuple[str, Path | None]:
    """Return name and folder of the held-out rows of an artifact's own run; dev first, since test chooses nothing."""
    try:
        data = RunSpec.from_json(artifact.parent / SPEC_FILE).data
    except SpecInvalid:
        return "", None
    held_out = {"dev": data.dev, "test": data.test}
    return next(((name, path) for name, path in held_out.items() if path and path.is_dir()), ("", None))


def first_rows(rows: Rows, count: int) -> Rows:
    """Return the first of some rows."""
    return Rows(
        uids=rows.uids[:count],
        columns={name: texts[:count] for name, texts in rows.columns.items()},
        gold=None if rows.gold is None else rows.gold[:count],
    )


def figures_of(made: Mapping[str, Made], measured: Measured) -> dict[str, dict[str, Any]]:
    """Measure each format on the same rows, with what it is measured on beside it."""
    lines = lines_of(measured.rows)
    original = made[TORCH].predictor
    task_type = with_similarity(
        task_type=original.task_type, metric=measured.metric, compute=original.compute, stop=original.stop
    )
    answers = {name: [one.predicted for one in found.predictor.answers(lines)] for name, found in made.items()}
    about = {
        "rows": measured.name,
        "num_examples": len(lines),
        "metric": measured.metric,
        "device": "cpu",
        "processor": processor_name(),
        "num_threads": 1,
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    figures = {}
    for name, found in made.items():
        predictor = found.predictor
        standing = standing_of(
            task_type=task_type,
            labels=predictor.label_map.labels,
            rows=measured.rows,
            answers=(answers[name], answers[TORCH]),
            metric=measured.metric,
        )
        difference = {key: getattr(standing.difference, key) for key in ("difference", "low", "high")}
        figures[name] = {
            **asdict(speed_of(predictor, lines)),
            "megabytes": found.num_bytes / _MEGABYTE,
            "utility": standing.utility,
            "agreement": standing.agreement,
            **difference,
            **about,
        }
    return figures


def processor_name() -> str:
    """Return what the processor calls itself, or its architecture."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())
