"""Entities and texts of a language model, as the platform hands them over, become soft labels and a student."""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.tiny_llama import write_tiny_llama
from tests.tiny_model import write_tiny_model
from tests.tiny_runs import LABELS, carry_out, examples, write_dataset, write_run
from training.answers import words_of
from training.data import DataInvalid, ModelOutputs
from training.distil import SoftLabels, read_soft_labels
from training.distil.filtering import NotCalibrated
from training.methods.answered.storing import NothingAnswered

ENTITIES, TEXTS = "entity_extraction", "text_generation"
Answers = dict[str, list[Any]]


def scoring(folder: Path, task_type: str, answers: Answers) -> Path:
    data = {"unlabelled": "data/unlabelled", "dev": "data/dev", "answers": "data/answers"}
    asked = {"kind": "score", "role": "teacher", "task_type": task_type, "model": None, "data": data}
    write_run(folder, folder, **asked)
    write_dataset(folder / "data" / "answers", answers)
    return folder


def given(task_type: str, *, num: int = 30) -> tuple[list[str], list[str]]:
    """The ids and the right answers of unlabelled rows and of dev."""
    rows = [examples(task_type, num, start=300), examples(task_type, 10, start=100)]
    return [uid for one in rows for uid in one["uid"]], [answer for one in rows for answer in one["label"]]


def read(folder: Path, task_type: str) -> SoftLabels:
    labels = LABELS if task_type == ENTITIES else []
    return read_soft_labels(folder=folder / "soft_labels", task_type=task_type, input_fields=("text",), labels=labels)


def entities(folder: Path, **further: list[Any]) -> tuple[Path, dict[str, Any]]:
    uids, answers = given(ENTITIES)
    asked = scoring(folder, ENTITIES, {"uid": uids, "answers": [[answer] for answer in answers], **further})
    return asked, carry_out(asked)


def probabilities(soft: SoftLabels, row: int) -> np.ndarray[Any, np.dtype[np.float32]]:
    assert isinstance(soft.outputs, ModelOutputs)
    return np.exp(soft.outputs.row(row))


def test_tags_are_hard_at_the_stated_confidence_and_calibrated_on_dev(tmp_path: Path) -> None:
    folder, result = entities(tmp_path / "run", confidence=[0.9] * 40)
    soft = read(folder, ENTITIES)
    shares_WC = probabilities(soft, 0)
    assert len(shares_WC) == len(words_of(soft.rows.columns["text"][0]))
    assert np.sort(shares_WC, axis=1)[:, -1] == pytest.approx(0.9) and shares_WC.sum(axis=1) == pytest.approx(1)
    # All are right on dev: a lower temperature makes them surer.
    assert result["calibration"]["accuracy"] == 1 and result["calibration"]["temperature"] < 1
    assert (result["num_pseudo_labels"], result["num_without_answer"]) == (30, 0)


def test_samples_are_shares_of_tags_beside_one_that_is_undecided(tmp_path: Path) -> None:
    uids, answers = given(ENTITIES)
    told = [[answer, answer, "[]"] for answer in answers]
    folder = scoring(tmp_path / "run", ENTITIES, {"uid": uids, "answers": told})
    carry_out(folder)
    soft = read(folder, ENTITIES)
    spans = json.loads(answers[0])
    words = words_of(soft.rows.columns["text"][0])
    begins = next(place for place, word in enumerate(words) if word.start == spans[0]["start"])
    shares_C = probabilities(soft, 0)[begins]
    tag = 1 + 2 * LABELS.index(spans[0]["label"])
    assert [shares_C[tag], shares_C[0]] == pytest.approx([(2 + 1 / 5) / 4, (1 + 1 / 5) / 4])


def test_a_student_learns_the_entities(tmp_path: Path) -> None:
    folder, _ = entities(tmp_path / "scoring", confidence=[0.9] * 40)
    tiny = write_tiny_model(tmp_path / "tiny")
    data = {"soft_labels": str(folder / "soft_labels"), "dev": "data/dev", "test": "data/test"}
    pace = {"steps": 60, "learning_rate": 3e-3}
    student = write_run(tmp_path / "student", tiny, kind="distil", task_type=ENTITIES, data=data, training=pace)
    result = carry_out(student)
    assert result["num_pseudo_labels"] == 30
    assert result["metrics"]["test"]["micro_f1"]["value"] > 0.8


def test_parts_of_words_are_cut_as_dev_is_marked(tmp_path: Path) -> None:
    uids, answers = given(ENTITIES)
    folder = scoring(tmp_path / "run", ENTITIES, {"uid": uids, "answers": [[one] for one in answers]})
    dev = examples(ENTITIES, 10, start=100)
    dev["label"] = [json.dumps([{"start": 1, "end": 3, "label": "pos"}])] * 10
    write_dataset(folder / "data" / "other", dev)
    spec = json.loads((folder / "spec.json").read_text())
    (folder / "spec.json").write_text(json.dumps({**spec, "data": {**spec["data"], "dev": "data/other"}}))
    carry_out(folder)
    soft = read(folder, ENTITIES)
    text = soft.rows.columns["text"][0]
    assert len(probabilities(soft, 0)) == len(words_of(text, "character")) > len(words_of(text))


def test_entities_outside_their_text_are_refused_by_their_example(tmp_path: Path) -> None:
    uids, answers = given(ENTITIES)
    answers[3] = '[{"start": 0, "end": 9999, "label": "pos"}]'
    folder = scoring(tmp_path / "run", ENTITIES, {"uid": uids, "answers": [[one] for one in answers]})
    with pytest.raises(DataInvalid, match=f"data.answers: example {uids[3]} has a span 0 to 9999"):
        carry_out(folder)


def texts(folder: Path, *, log_probability: float, without: int = 0) -> Path:
    """Three texts to each example, but to every second one alone; none to the first few."""
    rows = examples(TEXTS, 30, start=300)
    answers = [
        [json.dumps([one]) for one in ("happy film", "sad day", "happy movie")][: 1 + 2 * (n % 2)] for n in range(30)
    ]
    told: Answers = {"uid": rows["uid"], "answers": answers}
    told |= {"log_probabilities": [[log_probability] * len(o) for o in answers]}
    return scoring(folder, TEXTS, {name: values[without:] for name, values in told.items()})


def test_texts_are_kept_behind_each_other_and_uncalibrated(tmp_path: Path) -> None:
    folder = texts(tmp_path / "run", log_probability=-0.5, without=2)
    result = carry_out(folder)
    soft = read(folder, TEXTS)
    assert soft.written is not None and isinstance(soft.outputs, ModelOutputs)
    assert soft.rows.uids[:5] == ["u302", "u303", "u303", "u303", "u304"]
    assert soft.written.texts[:4] == ["happy film", "happy film", "sad day", "happy movie"]
    assert (soft.num_texts, len(soft.rows), result["num_pseudo_labels"], result["num_without_answer"]) == (
        28,
        56,
        28,
        2,
    )
    assert soft.outputs.values_UC[:, 0] == pytest.approx(-0.5)
    assert result["calibration"] is None
    assert result["written"] == {"num_written": 56, "num_cut": 0, "num_empty": 0}


def student(folder: Path, soft: Path, **changes: Any) -> Path:
    model = write_tiny_llama(folder.parent / "llama")
    data = {"soft_labels": str(soft / "soft_labels"), "dev": "data/dev", "test": "data/test"}
    pace = {"steps": 4, "batch_size": 8, "evaluations": 1, "answer_length": 8}
    return write_run(folder, model, kind="distil", task_type=TEXTS, data=data, training=pace, **changes)


def test_a_student_learns_what_was_written(tmp_path: Path) -> None:
    soft = texts(tmp_path / "scoring", log_probability=-0.5)
    carry_out(soft)
    result = carry_out(student(tmp_path / "student", soft))
    assert result["distillation"]["of_tokens"] is False
    assert result["num_pseudo_labels"] == 30


def test_texts_of_unknown_probability_are_not_filtered_by_it(tmp_path: Path) -> None:
    soft = texts(tmp_path / "scoring", log_probability=math.nan)
    carry_out(soft)
    filtered = student(tmp_path / "student", soft, distillation={"filter": "confidence", "keep": 0.5})
    with pytest.raises(NotCalibrated, match="not known how likely"):
        carry_out(filtered)


def test_nobody_answered(tmp_path: Path) -> None:
    folder = texts(tmp_path / "run", log_probability=-0.5)
    write_dataset(folder / "data" / "none", {"uid": ["other"], "answers": [['["a"]']], "log_probabilities": [[-1.0]]})
    spec = json.loads((folder / "spec.json").read_text())
    (folder / "spec.json").write_text(json.dumps({**spec, "data": {**spec["data"], "answers": "data/none"}}))
    with pytest.raises(NothingAnswered, match="answered none of 30"):
        carry_out(folder)
