import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from tests.engine.test_a_run_in_pieces_equals_a_whole_one import in_pieces
from tests.tiny_runs import CPU, LABELS, TEXT, RunFolder, carry_out, examples
from training.answers import Rows
from training.data import StoredVectors, unit_vectors
from training.distil import METADATA_FILE, read_soft_labels
from training.evaluation import predict_logits
from training.learners import encode_rows, load_classifier
from training.methods.distilling.student_vectors import NoVectors
from training.models import EncoderClassifier, LogitsAndVectors
from training.runtime import StopFlag
from training.spec import ModelSource
from training.tasks import TASK_TYPES
from training.train import fitted_map

DATA = {"train": "data/train", "dev": "data/dev", "test": "data/test"}
KEEPING = {"keep_vectors": True}
PAIRS = "pair_classification"
# What is scored, see write_run.
TEXTS = examples("text_classification", 30, start=300)["text"]


@pytest.fixture
def scored(run_folder: RunFolder, teacher: Path) -> Path:
    """Give the soft labels, with vectors, of a fine-tuned teacher."""
    folder = run_folder(
        "scoring",
        kind="score",
        teacher_artifact=str(teacher),
        data={"unlabelled": "data/unlabelled"},
        training=KEEPING,
    )
    carry_out(folder)
    return folder / "soft_labels"


def student(run_folder: RunFolder, soft_labels: Path, distil_from: str, name: str = "student", **changes: Any) -> Path:
    data = {**DATA, "soft_labels": str(soft_labels)}
    training = {"recipe": "auto", "steps": 30, **changes.pop("training", {})}
    distillation = {"distil_from": distil_from, **changes.pop("distillation", {})}
    return run_folder(name, kind="distil", data=data, training=training, distillation=distillation, **changes)


def vectors_of(artifact: Path, texts: list[str]) -> npt.NDArray[np.float32]:
    source = ModelSource(source="folder", name=str(artifact))
    classifier = load_classifier(source=source, task_type=TEXT, labels=LABELS, max_length=32)
    rows = Rows(uids=[""] * len(texts), columns={"text": texts}, gold=None)
    encoded = encode_rows(rows=rows, task_type=TEXT, tokenizer=classifier.tokenizer, max_length=32, pooling="mean")
    assert isinstance(classifier.model, EncoderClassifier)
    found = predict_logits(model=LogitsAndVectors(classifier.model), rows=encoded, compute=CPU, stop=StopFlag())
    return found.values_UC[:, len(LABELS) :]


def stored(soft_labels: Path, *, task_type: str = "text_classification") -> StoredVectors:
    fields = TASK_TYPES[task_type].input_fields
    found = read_soft_labels(folder=soft_labels, task_type=task_type, input_fields=fields, labels=LABELS)
    assert found.vectors is not None
    return found.vectors


def distance(artifact: Path, soft_labels: Path) -> float:
    """One less the cosine of a teacher's vectors and the best linear map of a student's."""
    teacher = stored(soft_labels)
    wanted = unit_vectors(teacher.rows(np.arange(30)) - teacher.mean())[:, 0]
    own = vectors_of(artifact, TEXTS)
    mapped = fitted_map(student_NH=own, teacher_NK=wanted)
    weight, bias = (part.detach().numpy() for part in (mapped.weight, mapped.bias))
    return float(1 - (unit_vectors((own @ weight.T + bias)[:, None])[:, 0] * wanted).sum(axis=1).mean())


def test_a_scoring_keeps_the_vectors_that_the_teachers_head_reads(scored: Path, teacher: Path) -> None:
    expected = unit_vectors(vectors_of(teacher, TEXTS)[:, None])
    assert stored(scored).rows(np.arange(30)) == pytest.approx(expected, abs=1e-3)


def test_an_untrained_teacher_keeps_its_checkpoints_vectors(run_folder: RunFolder) -> None:
    data = {"unlabelled": "data/unlabelled", "train": "data/train"}
    folder = run_folder("scoring", kind="score", data=data, training={**KEEPING, "recipe": "frozen"})
    carry_out(folder)
    vectors = stored(folder / "soft_labels").rows(np.arange(30))
    assert np.linalg.norm(vectors, axis=-1) == pytest.approx(1, abs=1e-3)


@pytest.mark.parametrize("distil_from", ["vectors", "both"])
def test_a_student_of_vectors_comes_nearer_to_its_teachers(
    run_folder: RunFolder, scored: Path, distil_from: str
) -> None:
    taught = student(run_folder, scored, distil_from)
    assert carry_out(taught)["distillation"]["distil_from"] == distil_from
    other = student(run_folder, scored, "soft_labels", name="of-soft-labels")
    carry_out(other)
    assert distance(taught / "artifact", scored) < distance(other / "artifact", scored)


@pytest.mark.parametrize("distil_from", ["vectors", "both"])
def test_a_student_of_vectors_made_in_pieces_equals_a_whole_one(
    run_folder: RunFolder, scored: Path, distil_from: str
) -> None:
    changes: dict[str, Any] = {"training": {"steps": 12}, "distillation": {"gold_epochs": 1}}
    whole = carry_out(student(run_folder, scored, distil_from, name="whole", **changes))
    result, pieces = in_pieces(student(run_folder, scored, distil_from, name="pieces", **changes))
    assert (result["artifact_hash"], result["metrics"]) == (whole["artifact_hash"], whole["metrics"])
    assert pieces > 2


def test_a_pair_read_apart_has_a_vector_of_each_text(run_folder: RunFolder) -> None:
    apart: dict[str, Any] = {"task_type": PAIRS, "training": {**KEEPING, "pooling": "bi_encoder", "recipe": "frozen"}}
    folder = run_folder("scoring", kind="score", data={"unlabelled": "data/unlabelled", "train": "data/train"}, **apart)
    carry_out(folder)
    assert stored(folder / "soft_labels", task_type=PAIRS).shape[0] == 2
    taught = student(
        run_folder, folder / "soft_labels", "both", task_type=PAIRS, training={"pooling": "bi_encoder", "steps": 4}
    )
    assert carry_out(taught)["distillation"]["distil_from"] == "both"
    finetuned: dict[str, Any] = {"task_type": PAIRS, "training": {"recipe": "finetune"}}
    as_one = student(run_folder, folder / "soft_labels", "both", name="as-one", **finetuned)
    with pytest.raises(NoVectors, match=r"reads the texts of a pair apart, and the student does not\. Set"):
        carry_out(as_one)


def test_soft_labels_without_vectors_are_refused_by_who_asks_for_them(run_folder: RunFolder, teacher: Path) -> None:
    data = {"unlabelled": "data/unlabelled"}
    folder = run_folder("scoring", kind="score", teacher_artifact=str(teacher), data=data)
    carry_out(folder)
    assert "vector_shape" not in json.loads((folder / "soft_labels" / METADATA_FILE).read_text())
    with pytest.raises(NoVectors, match=r"is both, and the soft labels come without vectors\. Score again"):
        carry_out(student(run_folder, folder / "soft_labels", "both"))


def test_a_head_is_asked_for_where_only_vectors_are_learned(run_folder: RunFolder, scored: Path) -> None:
    with pytest.raises(NoVectors, match="no head can be fitted"):
        carry_out(student(run_folder, scored, "vectors", training={"recipe": "finetune"}))


def test_entities_have_no_vector_of_a_whole_text(run_folder: RunFolder) -> None:
    folder = run_folder(
        "scoring",
        kind="score",
        task_type="entity_extraction",
        data={"unlabelled": "data/unlabelled", "train": "data/train"},
        training={**KEEPING, "recipe": "frozen"},
    )
    carry_out(folder)
    with pytest.raises(NoVectors, match="entities are learned word by word"):
        carry_out(student(run_folder, folder / "soft_labels", "both", task_type="entity_extraction"))
