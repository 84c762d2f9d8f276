"""An export answers as its model does, says what int8 costs, and is refused where it would not."""

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.tiny_runs import LABELS, examples, sentences, write_dataset
from tests.tiny_t5 import write_tiny_t5
from training.answers import Rows
from training.data import InputLine
from training.evaluation import Predictor, load_predictor
from training.learners import LabelMap, load_classifier, save_classifier
from training.models import EncoderClassifier, OnnxModel
from training.runtime import PermanentFailure, StopFlag
from training.serving import exporting
from training.serving.exporting import TOLERANCE, export_model, largest_difference
from training.serving.figures import CannotMeasure
from training.serving.graph import ExportRefused, write_graph
from training.spec import ModelSource
from training.tasks import TASK_TYPES

SERVE = Path(__file__).resolve().parents[2] / "docs" / "how-to" / "serve.md"
TEXTS = ("a very good film", "rain", "bad " * 80)


@pytest.fixture(scope="module")
def exports(trained_teacher: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Give one model exported in both formats; its graph is written once, since that takes the time."""
    folder, artifact = tmp_path_factory.mktemp("exports"), trained_teacher / "artifact"
    export_model(artifact=artifact, export_format="onnx", target=folder / "onnx")
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(exporting, "write_graph", copied(folder / "onnx"))
        export_model(artifact=artifact, export_format="int8", target=folder / "int8")
    return {name: folder / name for name in ("onnx", "int8")}


def copied(export: Path) -> Callable[..., list[str]]:
    """Give a stand-in for write_graph that takes the graph of an export."""

    def write(*, predictor: Predictor, path: Path) -> list[str]:
        shutil.copyfile(export / "model.onnx", path)
        return []

    return write


def said_of(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "export.json").read_text())
    return found


def answers_of(folder: Path) -> list[dict[str, float | None]]:
    lines = [InputLine(number=1, uid=text, texts={"text": text}) for text in TEXTS]
    return [dict(one.probabilities) for one in load_predictor(folder, stop=StopFlag()).answers(lines)]


def untrained(folder: Path, tiny: Path, *, task_type: str, pooling: str) -> Predictor:
    """Give a model with a random head and centre, saved and loaded."""
    kind = TASK_TYPES[task_type]
    torch.manual_seed(0)
    source = ModelSource(source="folder", name=str(tiny))
    classifier = load_classifier(source=source, task_type=kind, labels=LABELS, max_length=32, pooling=pooling)
    assert isinstance(classifier.model, EncoderClassifier)
    head = classifier.model.head.weight
    classifier.model.start_from(
        centre_H=torch.randn(32), weight_CF=torch.randn(head.shape), bias_C=torch.randn(len(head))
    )
    folder.mkdir()
    label_map = LabelMap(task_type=task_type, labels=tuple(LABELS), max_length=32)
    save_classifier(classifier=classifier, label_map=label_map, folder=folder)
    found = load_predictor(folder, stop=StopFlag())
    return Predictor(**{**vars(found), "compute": exporting.FP32})


def test_an_export_answers_as_its_model_does(exports: dict[str, Path], trained_teacher: Path) -> None:
    assert said_of(exports["onnx"])["largest_difference"] <= TOLERANCE
    both = zip(answers_of(exports["onnx"]), answers_of(trained_teacher / "artifact"), strict=True)
    # The model itself may be in bf16 where the processor has it.
    assert all(one[label] == pytest.approx(other[label], abs=0.02) for one, other in both for label in LABELS)


def test_int8_stands_beside_the_original_on_the_same_rows(exports: dict[str, Path]) -> None:
    formats = said_of(exports["int8"])["formats"]
    assert list(formats) == ["torch", "onnx", "int8"]
    assert {(one["rows"], one["num_examples"], one["metric"]) for one in formats.values()} == {("dev", 10, "accuracy")}
    loss = formats["int8"]["utility"] - formats["torch"]["utility"]
    assert formats["int8"]["difference"] == pytest.approx(loss)
    assert formats["int8"]["low"] <= loss <= formats["int8"]["high"]
    assert formats["int8"]["megabytes"] < formats["onnx"]["megabytes"]
    for one in formats.values():
        assert 0 < one["p50_ms"] <= one["p95_ms"] and one["requests_per_second"] > 0 and one["texts_per_second"] > 0
    assert answers_of(exports["int8"]) != answers_of(exports["onnx"])


@pytest.mark.parametrize(
    ("task_type", "pooling"), [("entity_extraction", "mean"), ("pair_classification", "bi_encoder")]
)
def test_a_graph_takes_batches_of_any_size(task_type: str, pooling: str, tiny_folder: Path, tmp_path: Path) -> None:
    model = untrained(tmp_path / "model", tiny_folder, task_type=task_type, pooling=pooling)
    write_graph(predictor=model, path=tmp_path / "model.onnx")
    graph = OnnxModel(path=tmp_path / "model.onnx", pooling=pooling)
    exported = Predictor(**{**vars(model), "model": graph})
    for count in (1, 9):
        found = examples(task_type, count)
        columns = {name: found[name] for name in model.task_type.input_fields}
        encoded = model.encoded(Rows(uids=found["uid"], columns=columns, gold=None))
        assert largest_difference(model.outputs(encoded), exported.outputs(encoded)) <= TOLERANCE


def test_a_graph_that_answers_otherwise_is_refused(
    exports: dict[str, Path], teacher: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exporting, "write_graph", copied(exports["int8"]))
    with pytest.raises(ExportRefused, match=r"differs from the model by [\d.e-]+, more than 0.0001"):
        export_model(artifact=teacher, export_format="onnx", target=tmp_path / "out")
    assert not list(tmp_path.glob("out*"))


def test_int8_without_rows_to_measure_its_loss_is_refused(teacher: Path, tmp_path: Path) -> None:
    shutil.rmtree(teacher.parent / "data")
    with pytest.raises(ExportRefused, match="no labelled rows to measure how much"):
        export_model(artifact=teacher, export_format="int8", target=tmp_path / "out")


def test_rows_of_other_labels_are_refused(teacher: Path, tmp_path: Path) -> None:
    rows = write_dataset(tmp_path / "rows", {**sentences(4), "label": ["other"] * 4})
    with pytest.raises(PermanentFailure, match="'other'"):
        export_model(artifact=teacher, export_format="onnx", target=tmp_path / "out", rows_folder=rows)


def test_what_is_there_is_not_written_over(teacher: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    with pytest.raises(ExportRefused, match="is there already"):
        export_model(artifact=teacher, export_format="onnx", target=tmp_path / "out")


def test_an_export_is_not_exported_again(exports: dict[str, Path], tmp_path: Path) -> None:
    with pytest.raises(CannotMeasure, match="Name the model that it was made of"):
        export_model(artifact=exports["onnx"], export_format="int8", target=tmp_path / "out")


def test_a_graph_that_is_cut_off_is_refused(exports: dict[str, Path], tmp_path: Path) -> None:
    folder = Path(shutil.copytree(exports["onnx"], tmp_path / "cut"))
    (folder / "model.onnx").write_bytes((folder / "model.onnx").read_bytes()[:1_000])
    with pytest.raises(PermanentFailure, match=r"cannot be loaded .* Export the model again"):
        load_predictor(folder, stop=StopFlag())


@pytest.mark.parametrize(
    ("task_type", "words"),
    [
        ("text_classification", "Distil it into a student that is an encoder, and export that. Serve"),
        ("question_answering", "Train an encoder that marks answers in passages, and export that. Serve"),
        ("text_generation", "which no single graph does. Serve the model itself"),
    ],
)
def test_a_model_that_writes_is_refused_with_what_there_is_instead(task_type: str, words: str, tmp_path: Path) -> None:
    source = ModelSource(source="folder", name=str(write_tiny_t5(tmp_path / "t5")))
    kind = TASK_TYPES[task_type]
    labels = LABELS if kind.has_labels else []
    classifier = load_classifier(source=source, task_type=kind, labels=labels, max_length=32, answer_length=8)
    (tmp_path / "model").mkdir()
    label_map = LabelMap(task_type=kind.name, labels=tuple(labels), max_length=32, answer_length=8)
    save_classifier(classifier=classifier, label_map=label_map, folder=tmp_path / "model")
    with pytest.raises(ExportRefused, match=re.escape(words)):
        export_model(artifact=tmp_path / "model", export_format="onnx", target=tmp_path / "out")


def test_the_documents_show_how_to_run_an_export_elsewhere(exports: dict[str, Path]) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", SERVE.read_text(), flags=re.DOTALL)
    found: dict[str, Any] = {}
    exec(code.replace("reviews-onnx", str(exports["onnx"])), found)
    lines = [InputLine(number=1, uid=text, texts={"text": text}) for text in found["texts"]]
    answers = load_predictor(exports["onnx"], stop=StopFlag()).answers(lines)
    assert found["predicted"] == [answer.predicted for answer in answers]
