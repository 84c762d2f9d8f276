from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from tests.tiny_runs import CPU, EVERY_LABELLED_TYPE, LABELS, TEXT, RunFolder, examples, job_of
from training.answers import Rows
from training.evaluation import predict_logits
from training.learners import Classifier, LabelMap, encode_rows, load_classifier, save_classifier
from training.models import PretrainedUnusable
from training.recipes import HeadRows, HeadStart, fit_head, head_pooling, head_rows
from training.runtime import StopFlag
from training.spec import ModelSource
from training.tasks import TASK_TYPES, TaskType
from training.train import ModelLoader


def rows_of(task_type: TaskType, count: int) -> Rows:
    data = examples(task_type.name, count)
    columns = {name: data[name] for name in task_type.input_fields}
    gold = task_type.read_gold(gold=data["label"], columns=columns, labels=LABELS)
    return Rows(uids=data["uid"], columns=columns, gold=list(gold))


def started(run_folder: RunFolder, task_type: TaskType) -> tuple[HeadStart, Classifier]:
    """Return a head on the tiny checkpoint, and the model that starts from it."""
    training = {"pooling": head_pooling(task_type, "mean")}
    job = job_of(run_folder(task_type=task_type.name, training=training))
    loader = ModelLoader(spec=job.spec, task_type=task_type, compute=CPU)
    rows = head_rows(job=job, task_type=task_type, labelled=rows_of(task_type, 12), texts=None, dev=None)
    start = fit_head(job=job, loader=loader, compute=CPU, rows=rows)
    loader.start_from(start.fit.head)
    return start, loader(job.spec)


def outputs(classifier: Classifier, rows: Rows, task_type: TaskType) -> torch.Tensor:
    encoded = encode_rows(
        rows=rows,
        task_type=task_type,
        tokenizer=classifier.tokenizer,
        max_length=32,
        pooling=classifier.model.pooling,
    )
    found = predict_logits(model=classifier.model, rows=encoded, compute=CPU, stop=StopFlag())
    return torch.from_numpy(found.values_UC)


@EVERY_LABELLED_TYPE
def test_the_model_gives_the_heads_outputs(task_type: TaskType, run_folder: RunFolder) -> None:
    start, classifier = started(run_folder, task_type)
    rows = rows_of(task_type, 20)
    of_head = start.study.outputs(start.fit.head, start.study.vectors(rows.columns)).values_UC
    assert of_head.std() > 0.01
    np.testing.assert_allclose(outputs(classifier, rows, task_type).numpy(), of_head, atol=1e-5, rtol=1e-5)


def test_a_label_of_a_single_row_is_not_known_to_the_head_that_is_judged_on_it(run_folder: RunFolder) -> None:
    rows = rows_of(TEXT, 24)
    lopsided = replace(rows, gold=["neg", *["pos"] * 23])
    job = job_of(run_folder())
    loader = ModelLoader(spec=job.spec, task_type=TEXT, compute=CPU)
    start = fit_head(
        job=job, loader=loader, compute=CPU, rows=HeadRows(labelled=lopsided, pool=rows), only=("logistic",)
    )
    assert start.predict(rows.of([0])) == ["neg"]
    of_others = start.head_of(lopsided.of(range(1, 24)))
    assert start.predict(rows.of([0]), of_others) == ["pos"]


@EVERY_LABELLED_TYPE
def test_an_artifact_keeps_the_centre(task_type: TaskType, run_folder: RunFolder, tmp_path: Path) -> None:
    _, classifier = started(run_folder, task_type)
    folder = tmp_path / "kept"
    folder.mkdir()
    label_map = LabelMap(task_type=task_type.name, labels=tuple(LABELS), max_length=32)
    save_classifier(classifier=classifier, label_map=label_map, folder=folder)
    source = ModelSource(source="folder", name=str(folder))
    loaded = load_classifier(source=source, task_type=task_type, labels=LABELS, max_length=32)
    rows = rows_of(task_type, 20)
    assert torch.equal(outputs(loaded, rows, task_type), outputs(classifier, rows, task_type))


def test_a_head_without_a_centre_reads_vectors_as_they_are(teacher: Path) -> None:
    assert "centre" not in load_file(teacher / "head.safetensors")
    source, text = ModelSource(source="folder", name=str(teacher)), TASK_TYPES["text_classification"]
    model = load_classifier(source=source, task_type=text, labels=LABELS, max_length=32).model
    assert model.state_dict().keys().isdisjoint({"centre"})


def test_a_centre_of_another_width_is_refused(teacher: Path) -> None:
    head = load_file(teacher / "head.safetensors")
    save_file({**head, "centre": torch.zeros(7)}, teacher / "head.safetensors")
    source, text = ModelSource(source="folder", name=str(teacher)), TASK_TYPES["text_classification"]
    with pytest.raises(PretrainedUnusable, match="the centre has the shape"):
        load_classifier(source=source, task_type=text, labels=LABELS, max_length=32)
