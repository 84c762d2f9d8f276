import json
import math
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.tiny_runs import CPU, LABELS, RunFolder, carry_out, examples, write_dataset
from training.__main__ import main
from training.answers import Rows
from training.data import EncodedRows, collate
from training.learners import Classifier, encode_rows, load_classifier
from training.models import BiEncoder
from training.models.frozen import run_encoder
from training.models.heads import mean_over_tokens
from training.spec import ModelSource, SpecInvalid
from training.tasks import BI_ENCODER, TASK_TYPES

PAIR = TASK_TYPES["pair_classification"]
FIRST, SECOND = ["good movie", "the sun and the rain"], ["a very bad and sad film", "star"]


@pytest.fixture
def bi_encoder(tiny_folder: Path) -> Classifier:
    return loaded(tiny_folder)


def loaded(folder: Path) -> Classifier:
    source = ModelSource(source="folder", name=str(folder))
    options = {"task_type": PAIR, "labels": LABELS, "max_length": 32, "pooling": BI_ENCODER}
    classifier = load_classifier(source=source, **options)  # type: ignore[arg-type]
    model = classifier.model
    assert isinstance(model, BiEncoder)
    torch.nn.init.normal_(model.head.weight)
    model.eval()
    return classifier


def encoded(classifier: Classifier, first: list[str], second: list[str]) -> EncodedRows:
    rows = Rows(uids=first, columns={"text_a": first, "text_b": second}, gold=None)
    return encode_rows(
        rows=rows, task_type=PAIR, tokenizer=classifier.tokenizer, max_length=32, pooling=classifier.model.pooling
    )


@torch.no_grad()
def logits(classifier: Classifier, first: list[str], second: list[str]) -> torch.Tensor:
    rows = encoded(classifier, first, second)
    batch = collate(rows=rows, indices=np.arange(len(rows)), device=CPU.device)
    answered: torch.Tensor = classifier.model(batch)
    return answered


@torch.no_grad()
def vector(classifier: Classifier, text: str) -> torch.Tensor:
    """A text's mean over its tokens, read by the encoder with nothing else beside it, of length √H."""
    inputs = classifier.tokenizer(text, return_tensors="pt")
    mean = mean_over_tokens(run_encoder(classifier.model.encoder, dict(inputs)), inputs["attention_mask"])[0]
    return torch.nn.functional.normalize(mean, dim=0) * math.sqrt(len(mean))


def test_its_head_is_given_both_vectors_their_distance_and_their_product(bi_encoder: Classifier) -> None:
    u, v = vector(bi_encoder, FIRST[0]), vector(bi_encoder, SECOND[0])
    assert isinstance(bi_encoder.model, BiEncoder)
    direct = bi_encoder.model.head(torch.cat([u, v, (u - v).abs(), u * v]))
    torch.testing.assert_close(logits(bi_encoder, FIRST[:1], SECOND[:1])[0], direct, atol=1e-4, rtol=1e-4)


def test_neither_padding_nor_the_other_rows_change_an_answer(bi_encoder: Classifier) -> None:
    alone = torch.cat([logits(bi_encoder, [a], [b]) for a, b in zip(FIRST, SECOND, strict=True)])
    torch.testing.assert_close(logits(bi_encoder, FIRST, SECOND), alone, atol=1e-4, rtol=1e-4)


def test_a_row_is_as_long_as_both_texts(bi_encoder: Classifier) -> None:
    ids = [len(bi_encoder.tokenizer(text)["input_ids"]) for text in (FIRST[0], SECOND[0])]
    assert encoded(bi_encoder, FIRST[:1], SECOND[:1]).lengths.tolist() == [sum(ids)]


def test_a_fresh_head_prefers_no_label(tiny_folder: Path) -> None:
    source = ModelSource(source="folder", name=str(tiny_folder))
    fresh = load_classifier(source=source, task_type=PAIR, labels=LABELS, max_length=32, pooling=BI_ENCODER)
    assert logits(fresh, FIRST, SECOND).tolist() == [[0.0, 0.0], [0.0, 0.0]]


def test_it_teaches_is_taught_and_is_asked(run_folder: RunFolder, tmp_path: Path) -> None:
    options = {"task_type": "pair_classification", "training": {"pooling": BI_ENCODER, "steps": 12, "frozen_layers": 1}}
    teacher = run_folder("teacher", role="teacher", **options)
    carry_out(teacher)
    score = {"kind": "score", "teacher_artifact": str(teacher / "artifact"), "data": {"unlabelled": "data/unlabelled"}}
    scoring = run_folder("scoring", task_type="pair_classification", **score)
    carry_out(scoring)
    data = {"soft_labels": str(scoring / "soft_labels"), "test": "data/test"}
    student = run_folder("student", kind="distil", data=data, **options)
    assert carry_out(student)["num_pseudo_labels"] == 30
    assert json.loads((student / "artifact" / "label_map.json").read_text())["pooling"] == BI_ENCODER
    for recipe, pooling in (("auto", BI_ENCODER), ("finetune", "mean")):
        asked = {"task_type": "pair_classification", "training": {"recipe": recipe, "steps": 2}}
        other = run_folder(f"student-{recipe}", kind="distil", data=data, **asked)
        carry_out(other)
        assert json.loads((other / "artifact" / "label_map.json").read_text())["pooling"] == pooling
    pair, answer = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    pair.write_text(json.dumps({"text_a": FIRST[0], "text_b": SECOND[0]}))
    assert main(["predict", str(student / "artifact"), str(pair), str(answer)]) == 0
    assert json.loads(answer.read_text())["predicted"] in LABELS


def test_it_learns_which_texts_are_alike(run_folder: RunFolder) -> None:
    training = {"pooling": BI_ENCODER, "steps": 60, "batch_size": 8}
    folder = run_folder(task_type="pair_classification", training=training)
    texts = examples("text_classification", 24)["text"]
    rows = {
        "uid": [str(number) for number in range(24)],
        "text_a": texts,
        "text_b": [texts[number - 9 if number % 2 else number] for number in range(24)],
        "label": [LABELS[number % 2] for number in range(24)],
    }
    for split in ("train", "dev", "test"):
        write_dataset(folder / "data" / split, rows)
    assert carry_out(folder)["metrics"]["test"]["accuracy"]["value"] == 1


@pytest.mark.parametrize("task_type", ["text_classification", "entity_extraction"])
def test_it_is_refused_where_there_are_no_pairs(run_folder: RunFolder, task_type: str) -> None:
    with pytest.raises(SpecInvalid, match=r"training\.pooling"):
        carry_out(run_folder(task_type=task_type, training={"pooling": BI_ENCODER}))
