"""An artifact as a folder for ONNX Runtime: graph, tokenizer, label map, and what was checked and measured."""

import shutil
from collections.abc import Sequence
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch

from training.answers import Rows
from training.compute import Compute
from training.contract import (
    EXPORT_FILE,
    EXPORT_FORMATS,
    INT8,
    LABEL_MAP_FILE,
    ONNX,
    ONNX_FILE,
    TORCH,
    TRANSITIONS_FILE,
)
from training.data import ModelOutputs
from training.evaluation import Predictor
from training.models import OnnxModel
from training.runtime import atomic_folder, folder_hash, write_json
from training.serving.figures import Made, Measured, figures_of, first_rows, load_original, rows_to_measure
from training.serving.graph import ExportRefused, quantise, write_graph

# Between the outputs of the graph and of the model it was made of; of outputs above 1, relative to the largest.
TOLERANCE = 1e-4
# Made-up texts, which reach every length, and the first of the labelled ones.
NUM_MADE_UP = 32
MOST_CHECKED = 256
SEED = 0
# Of a label that is decided by itself; see MultiLabelClassificationLearner.decode.
THRESHOLD = 0.5
CONFIG_FILE = "config.json"
FP32 = Compute(device=torch.device("cpu"), bf16=False)


def export_model(
    *, artifact: Path, export_format: str, target: Path, rows_folder: Path | None = None
) -> dict[str, Any]:
    """Export a student or teacher and measure it beside its original, on one thread; returns what EXPORT_FILE holds.

    Rows are those of a dataset folder, else the dev rows of the artifact's own run, or its test rows; without any,
    nothing is measured, and int8 is refused, whose loss would not be known.
    Raises: ExportRefused (also where the graph answers otherwise than the model), PermanentFailure, OSError.
    """
    if export_format not in EXPORT_FORMATS:
        raise ExportRefused(f"{export_format!r} is no format of an export. Give one of {', '.join(EXPORT_FORMATS)}.")
    if target.exists():
        raise ExportRefused(f"{target} is there already. Name a new folder.")
    original = load_original(artifact)
    measured = rows_to_measure(artifact, original, rows_folder)
    if export_format == INT8 and measured is None:
        raise ExportRefused(
            "int8 loses some of a model's utility, and there are no labelled rows to measure how much. Name a dataset "
            "folder with labelled rows, or export it as onnx."
        )
    with atomic_folder(target) as folder:
        path = folder / ONNX_FILE
        inputs = write_graph(predictor=original, path=path)
        _write_around(original, artifact, folder)
        made = {TORCH: Made.of(original, artifact), ONNX: Made.of(_with_graph(original, path), path)}
        difference, num_checked = _check_equal(replace(original, compute=FP32), made[ONNX].predictor, measured)
        if export_format == INT8:
            _quantise_in_place(path)
            made[INT8] = Made.of(_with_graph(original, path), path)
        payload = {
            "format": export_format,
            "inputs": inputs,
            "threshold": THRESHOLD if original.task_type.has_labels and not original.task_type.is_exclusive else None,
            "artifact_hash": folder_hash(artifact),
            "largest_difference": difference,
            "num_checked": num_checked,
            "formats": {} if measured is None else figures_of(made, measured),
            "versions": {name: version(name) for name in ("onnxruntime", "onnx", "torch", "transformers")},
        }
        write_json(path=folder / EXPORT_FILE, payload=payload)
    return payload


def _write_around(predictor: Predictor, artifact: Path, folder: Path) -> None:
    """Put beside a graph what it takes to read texts and to name its outputs."""
    for name in (LABEL_MAP_FILE, CONFIG_FILE):
        shutil.copyfile(artifact / name, folder / name)
    if predictor.transitions is not None:
        shutil.copyfile(artifact / TRANSITIONS_FILE, folder / TRANSITIONS_FILE)
    # It writes down how it was called last.
    predictor.tokenizer("", truncation=True, max_length=predictor.label_map.max_length)
    predictor.tokenizer.save_pretrained(folder)


def _with_graph(predictor: Predictor, path: Path) -> Predictor:
    return replace(predictor, model=_graph_of(predictor, path), compute=FP32)


def _graph_of(predictor: Predictor, path: Path) -> OnnxModel:
    label_map = predictor.label_map
    return OnnxModel(path=path, pooling=label_map.pooling, answer_length=label_map.answer_length)


def _quantise_in_place(path: Path) -> None:
    """Replace a graph by its int8 one."""
    in_full = path.rename(path.with_name(f"fp32-{path.name}"))
    quantise(source=in_full, target=path)
    in_full.unlink()


def _check_equal(original: Predictor, exported: Predictor, measured: Measured | None) -> tuple[float, int]:
    """Return the largest difference of the outputs and on how many rows. Raises: ExportRefused."""
    checked = [_made_up(original)] + ([first_rows(measured.rows, MOST_CHECKED)] if measured else [])
    largest = 0.0
    for rows in checked:
        encoded = original.encoded(rows)
        largest = max(largest, largest_difference(original.outputs(encoded), exported.outputs(encoded)))
    if not largest <= TOLERANCE:
        raise ExportRefused(
            f"The exported graph differs from the model by {largest:.3g}, more than {TOLERANCE:g} allows, so nothing "
            "was written. Serve the model itself with manage.py serve."
        )
    return largest, sum(map(len, checked))


def largest_difference(first: ModelOutputs, second: ModelOutputs) -> float:
    """Return the largest difference between two models' outputs, over the largest output where that is above 1.

    Not a number where an output is none, or where one model sees a unit that the other does not.
    """
    values, others = first.values_UC, second.values_UC
    unseen = np.isneginf(values)
    if values.shape != others.shape or (unseen != np.isneginf(others)).any():
        return float("nan")
    gap = np.abs(values[~unseen] - others[~unseen]).max(initial=0.0)
    return float(gap / max(1.0, np.abs(values[~unseen]).max(initial=0.0)))


def _made_up(predictor: Predictor) -> Rows:
    """Make rows of random tokens, from one of them to more than the model reads."""
    rng, tokenizer = np.random.default_rng(SEED), predictor.tokenizer
    marks = set(tokenizer.all_special_ids)
    tokens = np.array(sorted(set(tokenizer.get_vocab().values()) - marks))
    lengths = np.linspace(1, predictor.label_map.max_length + 8, NUM_MADE_UP).astype(int)

    def texts(counts: Sequence[int]) -> list[str]:
        # Of tokens that are spaces alone comes no text.
        return [tokenizer.decode(rng.choice(tokens, count)).strip() or "a" for count in counts]

    orders = (lengths.tolist(), lengths[::-1].tolist())
    columns = {name: texts(order) for name, order in zip(predictor.task_type.input_fields, orders, strict=False)}
    return Rows(uids=[str(number) for number in range(NUM_MADE_UP)], columns=columns, gold=None)
