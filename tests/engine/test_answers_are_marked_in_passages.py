"""An encoder learns where in a passage an answer starts and ends, teaches it, and is saved and exported."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from transformers import AutoModelForQuestionAnswering, AutoTokenizer

from tests.tiny_runs import CPU, RunFolder, carry_out, write_dataset, write_run
from training.answers import Rows
from training.data import InputLine
from training.distil import read_soft_labels
from training.evaluation import load_predictor
from training.runtime import PermanentFailure, StopFlag
from training.serving import export_model

COLOURS = ("good", "bad", "happy", "sad")
THINGS = ("car", "moon", "road", "team")
PACE = {"steps": 120, "learning_rate": 3e-3, "batch_size": 8, "evaluations": 1, "max_length": 48, "answer_length": 6}
MARKED = {"task_type": "question_answering", "training": PACE}


def questions(count: int, *, start: int = 0) -> dict[str, list[str]]:
    """Return questions after one of two things, each with a word before it that is the answer."""
    rows: dict[str, list[str]] = {"uid": [], "question": [], "passage": [], "label": []}
    for number in range(start, start + count):
        thing, other = THINGS[number % 4], THINGS[(number + 1 + number // 4 % 3) % 4]
        colour, its = COLOURS[number // 4 % 4], COLOURS[(number // 4 + 1 + number // 16 % 3) % 4]
        parts = [f"this was the {colour} {thing}", f"that is the {its} {other}"]
        rows["uid"].append(f"q{number}")
        rows["question"].append(f"{thing}?")
        rows["passage"].append(". ".join(parts if number % 2 else parts[::-1]) + ".")
        rows["label"].append(json.dumps([colour, f"the {colour} {thing}"]))
    return rows


def asked(folder: Path, **splits: dict[str, list[str]]) -> Path:
    """Replace data sets of a run folder, which is returned."""
    for name, rows in splits.items():
        write_dataset(folder / "data" / name, rows)
    return folder


def overfitted(folder: Path, tiny: Path, **changes: Any) -> Path:
    """Train on eight questions and measure on the same; returns the run folder."""
    rows = questions(8)
    write_run(folder, tiny, **{**MARKED, "role": "teacher", **changes})
    unlabelled = {name: values for name, values in rows.items() if name != "label"}
    asked(folder, train=rows, dev=rows, test=rows, unlabelled=unlabelled)
    carry_out(folder)
    return folder


@pytest.fixture(scope="module")
def teacher(tmp_path_factory: pytest.TempPathFactory, tiny_folder: Path) -> Path:
    return overfitted(tmp_path_factory.mktemp("marked") / "run", tiny_folder)


def said_of(artifact: Path, rows: dict[str, list[str]]) -> list[tuple[Any, float]]:
    fields = ("question", "passage")
    lines = [
        InputLine(number=1, uid=uid, texts={name: rows[name][place] for name in fields})
        for place, uid in enumerate(rows["uid"])
    ]
    found = load_predictor(artifact, stop=StopFlag()).answers(lines)
    return [
        (None if one.predicted is None else json.loads(one.predicted)[0], one.probabilities["answer"] or 0.0)
        for one in found
    ]


def test_eight_questions_are_overfitted_and_answers_stand_in_their_passages(teacher: Path) -> None:
    metrics = json.loads((teacher / "artifact" / "metrics.json").read_text())
    assert metrics["test"]["exact_match"]["value"] == metrics["test"]["f1"]["value"] == 1
    rows = questions(8)
    for (marked, probability), passage in zip(said_of(teacher / "artifact", rows), rows["passage"], strict=True):
        assert passage[marked["start"] :].startswith(marked["text"]) and 0 < probability <= 1
