"""An encoder learns where in a passage an answer starts and ends, teaches it, and is saved and exported."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoModelForQuestionAnswering, AutoTokenizer

from tests.tiny_encoders import FAMILIES, encoder_of
from tests.tiny_llama import write_tiny_llama
from tests.tiny_runs import RunFolder, carry_out, write_dataset, write_run
from training.data import NO_ANSWER, PLACES, InputLine
from training.distil import TopPlaces, read_soft_labels
from training.evaluation import load_predictor
from training.models import AnswerMarker, question_answerer
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


def overfitted(folder: Path, tiny: Path, rows: dict[str, list[str]], **changes: Any) -> Path:
    """Train on questions and measure on the same; returns the run folder."""
    write_run(folder, tiny, **{**MARKED, "role": "teacher", **changes})
    unlabelled = {name: values for name, values in rows.items() if name != "label"}
    asked(folder, train=rows, dev=rows, test=rows, unlabelled=unlabelled)
    carry_out(folder)
    return folder


@pytest.fixture(scope="module")
def teacher(tmp_path_factory: pytest.TempPathFactory, tiny_folder: Path) -> Path:
    return overfitted(tmp_path_factory.mktemp("marked") / "run", tiny_folder, questions(8))


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


def test_long_passages_are_read_in_windows(tiny_folder: Path, tmp_path: Path) -> None:
    rows = questions(8)
    ahead = "the sun and the rain and the sea. " * 2
    # Every passage is some windows long, and a place counts from its very start.
    rows["passage"] = [ahead * (number % 3) + passage for number, passage in enumerate(rows["passage"])]
    folder = overfitted(tmp_path / "run", tiny_folder, rows, training={**PACE, "max_length": 24, "steps": 240})
    metrics = json.loads((folder / "artifact" / "metrics.json").read_text())
    assert metrics["test"]["exact_match"]["value"] == 1
    starts = [marked["start"] for marked, _ in said_of(folder / "artifact", rows)]
    assert max(starts) > len(ahead)


def test_answers_that_are_not_in_their_passage_are_left_out_with_words(
    tiny_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = questions(8)
    rows["label"][1] = json.dumps(["nowhere"])
    rows["passage"][2] = ""
    folder = asked(write_run(tmp_path / "run", tiny_folder, **MARKED), train=rows, dev=rows, test=rows)
    result = carry_out(folder)
    assert "2 of 8 gold answers are not in their passage word for word and are left out" in capsys.readouterr().out
    # Without a passage there is nothing to mark.
    assert result["metrics"]["test"]["num_unparsed"] == 1
    assert result["metrics"]["test"]["exact_match"]["value"] == 0.75


def test_answers_that_no_window_has_whole_are_counted(
    run_folder: RunFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = questions(8)
    rows["label"][0] = json.dumps([rows["passage"][0]])
    carry_out(asked(run_folder(**{**MARKED, "training": {**PACE, "steps": 1, "max_length": 16}}), train=rows))
    assert "1 of 8 gold answers are whole in no window of their passage" in capsys.readouterr().out


def test_questions_without_any_passage_are_refused(run_folder: RunFolder) -> None:
    rows = questions(8)
    rows["passage"] = [""] * 8
    with pytest.raises(PermanentFailure, match="none of 8 answers is in its passage word for word"):
        carry_out(asked(run_folder(**MARKED), train=rows))


def scored(folder: Path, teacher: Path, *, dev: bool = True, **training: Any) -> Path:
    data = {"unlabelled": str(teacher / "data/unlabelled"), **({"dev": str(teacher / "data/dev")} if dev else {})}
    spec = {**MARKED, "kind": "score", "teacher_artifact": str(teacher / "artifact"), "data": data}
    write_run(folder, teacher / "artifact", **{**spec, "training": {**PACE, **training}})
    carry_out(folder)
    return folder / "soft_labels"


def distilled(folder: Path, soft: Path, model: Path, **changes: Any) -> dict[str, Any]:
    rows = questions(8)
    data = {"soft_labels": str(soft), "train": "data/train", "dev": "data/dev", "test": "data/test"}
    write_run(folder, model, **{**MARKED, "kind": "distil", "data": data, **changes})
    return carry_out(asked(folder, train=rows, dev=rows, test=rows))


@pytest.mark.parametrize("model", ["tiny_folder", "letters_folder"])
def test_a_student_learns_from_places_whatever_its_tokenizer(
    model: str, teacher: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    soft = scored(tmp_path / "scoring", teacher)
    settings = {**PACE, "steps": 240, "max_length": 64, "answer_length": 30}
    result = distilled(tmp_path / "student", soft, request.getfixturevalue(model), training=settings)
    assert (result["num_train"], result["num_pseudo_labels"]) == (0, 8)
    assert result["metrics"]["test"]["exact_match"]["value"] == 1


def test_a_teacher_is_calibrated_and_its_surest_rows_are_kept(teacher: Path, tiny_folder: Path, tmp_path: Path) -> None:
    soft = scored(tmp_path / "scoring", teacher)
    calibration = json.loads((soft / "soft_labels.json").read_text())["calibration"]
    assert (calibration["num_examples"], calibration["num_decisions"], calibration["accuracy"]) == (8, 16, 1)
    distillation = {"filter": "confidence", "keep": 0.5, "gold_epochs": 1}
    settings = {**PACE, "steps": 12, "gold_weight": 0.5}
    result = distilled(tmp_path / "student", soft, tiny_folder, training=settings, distillation=distillation)
    # A row with a gold answer stays, whatever its teacher's confidence.
    assert result["num_train"] == 8 and result["distillation"]["num_asked"] == 0


def test_a_store_keeps_the_distributions_that_the_model_gives(teacher: Path, tmp_path: Path) -> None:
    soft = read_soft_labels(
        folder=scored(tmp_path / "scoring", teacher, dev=False),
        task_type="question_answering",
        input_fields=("question", "passage"),
        labels=[],
    )
    assert isinstance(soft.outputs, TopPlaces)
    model = AutoModelForQuestionAnswering.from_pretrained(teacher / "artifact").eval()
    tokenizer = AutoTokenizer.from_pretrained(teacher / "artifact")
    for row, columns in enumerate(zip(*soft.rows.columns.values(), strict=True)):
        given = tokenizer(*columns, return_tensors="pt", return_offsets_mapping=True)
        offsets = given.pop("offset_mapping")[0]
        sides = given.sequence_ids(0)
        with torch.no_grad():
            found = model(**given)
        marked = [0, *(place for place, side in enumerate(sides) if side == 1)]
        for side, logits in enumerate((found.start_logits[0], found.end_logits[0])):
            direct = torch.log_softmax(logits[marked], dim=-1)
            places = [-2, *offsets[marked[1:], side].tolist()]
            kept = dict(
                zip(soft.outputs.places_N2K[row, side].tolist(), soft.outputs.log_probs_N2K[row, side], strict=True)
            )
            assert [kept[place] for place in places] == pytest.approx(direct.tolist(), abs=1e-3)


def test_an_artifact_is_read_back_and_exported_as_it_was(teacher: Path, tmp_path: Path) -> None:
    rows, artifact = questions(8), teacher / "artifact"
    predictions = [json.loads(line) for line in (artifact / "predictions.jsonl").read_text().splitlines()]
    assert [json.loads(one["predicted"])[0] for one in predictions] == [marked for marked, _ in said_of(artifact, rows)]
    made = export_model(artifact=artifact, export_format="onnx", target=tmp_path / "onnx")
    assert made["largest_difference"] <= 1e-4 and made["threshold"] is None
    assert [marked for marked, _ in said_of(tmp_path / "onnx", rows)] == [
        marked for marked, _ in said_of(artifact, rows)
    ]
    assert 'pipeline_tag: "question-answering"' in (artifact / "README.md").read_text()


@pytest.mark.parametrize("family", FAMILIES)
def test_the_librarys_own_class_has_the_same_logits(family: str) -> None:
    marker = AnswerMarker(encoder=encoder_of(family), num_outputs=2).eval()
    whole = question_answerer(marker)
    if family in ("modernbert", "longformer"):
        # The library's has another layer before its head, or attends otherwise.
        assert whole is None
        return
    assert whole is not None
    ids = torch.tensor([[5, 6, 7, 8]])
    inputs = {"input_ids": ids, "attention_mask": torch.ones_like(ids)}
    with torch.no_grad():
        found = whole.eval()(**inputs)
        logits = marker({**inputs, PLACES: torch.tensor([[NO_ANSWER, 0, 2, 4]])})
    assert torch.allclose(torch.stack([found.start_logits[0], found.end_logits[0]], dim=-1), logits, atol=1e-5)


def test_one_that_writes_and_one_that_marks_teach_each_other_nothing(
    teacher: Path, run_folder: RunFolder, tmp_path: Path
) -> None:
    soft = scored(tmp_path / "scoring", teacher, dev=False)
    llama = write_tiny_llama(tmp_path / "llama")
    named = {"source": "folder", "name": str(llama)}
    folder = run_folder(**{**MARKED, "kind": "distil", "model": named, "data": {"soft_labels": str(soft)}})
    with pytest.raises(PermanentFailure, match="writes answers, and its teacher marked them"):
        carry_out(folder)
