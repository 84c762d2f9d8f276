"""Both sides of each comparison of `bench engine`: the engine's, and the libraries' or a bare loop's."""

import contextlib
import io
import json
import logging
import random
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import datasets
import numpy as np
import numpy.typing as npt
import torch
import transformers
from torch import Tensor
from transformers.modeling_outputs import SequenceClassifierOutput

from bench.parts.engine import machine
from demo.newsgroups import TEST, TRAIN, posts
from training.answers import Rows
from training.compute import Compute, has_fast_bf16, seed_everything
from training.data import EncodedRows, Indices, collate, epoch_batches, scoring_batches
from training.evaluation import predict_logits
from training.job import Job
from training.learners import Classifier, encode_rows, load_classifier
from training.losses import distillation_sum
from training.methods import METHODS
from training.models import EncoderClassifier
from training.reporting import Progress
from training.runtime import StopFlag
from training.spec import ModelSource, RunSpec
from training.tasks import TASK_TYPES

TASK = TASK_TYPES["text_classification"]
TEACHER = ModelSource(source="package", name="all-mpnet-base-v2")
MIDDLE = ModelSource(source="package", name="all-MiniLM-L6-v2")
STUDENT = ModelSource(source="package", name="paraphrase-MiniLM-L3-v2")
CPU = torch.device("cpu")
BATCH_SIZE = 16
PIPELINE_BATCH_SIZE = 32
LEARNING_RATE = 1e-4
STUDENT_RATE = 5e-4
# No text is longer.
MAX_LENGTH = 128
# Of the six of the checkpoint that is trained beside Trainer: the fast setting.
NUM_FROZEN = 3
NUM_TEST = 200
TEMPERATURE = 2.0
# One, two or three posts of a topic make a text: lengths as unequal as those of tweets and claims with evidence.
MOST_POSTS_PER_TEXT = 3

datasets.disable_progress_bars()
# The pipeline tells of every class that it knows, as an error, where it is given another.
transformers.utils.logging.set_verbosity(logging.CRITICAL)


def has_bf16() -> bool:
    return has_fast_bf16(CPU)


@dataclass(frozen=True)
class Ground:
    """The rows that every side works on, and a folder to work in."""

    folder: Path
    num_train: int
    num_unlabelled: int

    @cached_property
    def labels(self) -> list[str]:
        return sorted({label for _, label in self.rows})

    @cached_property
    def rows(self) -> list[tuple[str, str]]:
        return _texts(TRAIN)[: self.num_train + self.num_unlabelled]

    @property
    def train(self) -> list[tuple[str, str]]:
        return self.rows[: self.num_train]

    @property
    def unlabelled(self) -> list[tuple[str, str]]:
        return self.rows[self.num_train :]

    @cached_property
    def test(self) -> list[tuple[str, str]]:
        return [row for row in _texts(TEST) if row[1] in self.labels][:NUM_TEST]

    def saved(self, name: str, rows: list[tuple[str, str]]) -> str:
        path = self.folder / "data" / name
        if not path.is_dir():
            columns = {"uid": [f"{name}{i}" for i in range(len(rows))], "text": [text for text, _ in rows]}
            if name != "unlabelled":
                columns["label"] = [label for _, label in rows]
            datasets.Dataset.from_dict(columns).save_to_disk(str(path))
        return str(path)


def trained_teacher(ground: Ground) -> Path:
    """Fine-tune a teacher just enough to have a head; not part of any time."""
    return _run(ground, "teacher", kind="finetune", model=TEACHER, data=("train", "test"), steps=2) / "artifact"


def distil_whole(ground: Ground, teacher: Path, *, epochs: int) -> None:
    """A distillation as a study runs it: loading, one teacher pass into the store, the student, its evaluation."""
    scored = _run(ground, "score", kind="score", teacher=teacher, data=("unlabelled",))
    _run(ground, "distil", kind="distil", model=STUDENT, data=("test",), epochs=epochs, soft=scored / "soft_labels")


def distil_bare(ground: Ground, teacher: Path, *, epochs: int) -> None:
    """The floor: one bare teacher pass, and bare student epochs over the same batches."""
    teaching, student = _load(ModelSource(source="folder", name=str(teacher)), ground), _load(STUDENT, ground)
    teacher_NC = torch.from_numpy(_logits(teaching, _encoded(teaching, ground.unlabelled)))
    rows = _encoded(student, ground.unlabelled)
    _student_epochs(student, rows, epochs, lambda indices: teacher_NC[torch.from_numpy(indices)])


def distil_as_the_study(ground: Ground, teacher: Path, *, epochs: int) -> None:
    """The study's recipe: the teacher answers each batch anew in every epoch."""
    teaching, student = _load(ModelSource(source="folder", name=str(teacher)), ground), _load(STUDENT, ground)
    teaching.model.eval()
    taught, rows = _encoded(teaching, ground.unlabelled), _encoded(student, ground.unlabelled)

    def answers(indices: Indices) -> Tensor:
        with torch.no_grad(), torch.autocast("cpu", dtype=torch.bfloat16, enabled=has_bf16()):
            logits: Tensor = teaching.model(collate(rows=taught, indices=indices, device=CPU)).float()
        return logits

    _student_epochs(student, rows, epochs, answers)


def trained_student(ground: Ground) -> Path:
    """Train a student that knows its labels well enough for its export to be compared."""
    how = {"epochs": 5, "learning_rate": STUDENT_RATE}
    return _run(ground, "student", kind="finetune", model=STUDENT, data=("train", "test"), **how) / "artifact"


def train(ground: Ground, *, precision: str, frozen_layers: int = 0) -> Classifier:
    """Fine-tune by the engine, one epoch, from loading to the saved artifact."""
    name = f"train-{precision}-{frozen_layers}"
    how = {"epochs": 1, "precision": precision, "frozen_layers": frozen_layers}
    folder = _run(ground, name, kind="finetune", model=MIDDLE, data=("train",), **how)
    return _load(ModelSource(source="folder", name=str(folder / "artifact")), ground)


def train_by_trainer(ground: Ground) -> Classifier:
    """Fine-tune the same model by transformers' Trainer with its defaults, one epoch."""
    seed_everything(0)
    classifier = _load(MIDDLE, ground)
    arguments = transformers.TrainingArguments(
        output_dir=str(ground.folder / "trainer"),
        per_device_train_batch_size=BATCH_SIZE,
        num_train_epochs=1,
        learning_rate=LEARNING_RATE,
        remove_unused_columns=False,
        report_to=[],
        save_strategy="no",
        disable_tqdm=True,
        use_cpu=True,
    )
    trainer = transformers.Trainer(
        model=Wrapped(_encoder_of(classifier)),
        args=arguments,
        train_dataset=_tokenized(classifier, ground),
        processing_class=classifier.tokenizer,
        optimizers=(_optimizer(classifier.model), None),
    )
    with contextlib.redirect_stdout(io.StringIO()):
        trainer.train()
    return classifier


def accuracy(ground: Ground, classifier: Classifier) -> float:
    """On the test rows, in fp32."""
    predicted = _logits(classifier, _encoded(classifier, ground.test), bf16=False).argmax(axis=1)
    return float(np.mean([ground.labels[i] == label for i, (_, label) in zip(predicted, ground.test, strict=True)]))


def training_work(ground: Ground) -> machine.Work:
    """One epoch of `train`; a backward pass takes twice the operations of a forward pass."""
    classifier = _load(MIDDLE, ground)
    lengths = _encoded(classifier, ground.train).lengths
    batches = epoch_batches(lengths=lengths, batch_size=BATCH_SIZE, seed=0, epoch=0)
    config = classifier.model.encoder.config
    return machine.work_of(config, lengths, batches, size_of_theirs=BATCH_SIZE, passes=3)


def scoring_work(ground: Ground, classifier: Classifier) -> machine.Work:
    lengths = _encoded(classifier, ground.unlabelled).lengths
    batches = scoring_batches(lengths, num_tokens=Compute(device=CPU, bf16=False).tokens_per_scoring_batch)
    config = classifier.model.encoder.config
    return machine.work_of(config, lengths, batches, size_of_theirs=PIPELINE_BATCH_SIZE, passes=1)


def scorer(ground: Ground) -> Classifier:
    """A teacher that knows its labels well enough for them to be compared."""
    folder = _run(ground, "scorer", kind="finetune", model=MIDDLE, data=("train", "test"), epochs=3)
    return _load(ModelSource(source="folder", name=str(folder / "artifact")), ground)


def score(ground: Ground, classifier: Classifier, *, bf16: bool) -> list[str]:
    """Label the unlabelled rows by the engine, tokenising included."""
    logits_NC = _logits(classifier, _encoded(classifier, ground.unlabelled), bf16=bf16)
    return [ground.labels[i] for i in logits_NC.argmax(axis=1)]


def score_by_pipeline(ground: Ground, classifier: Classifier) -> list[str]:
    """Label the same rows with the same weights by transformers' pipeline."""
    model = Wrapped(_encoder_of(classifier).eval())
    model.config.id2label = dict(enumerate(ground.labels))
    labelled = transformers.TextClassificationPipeline(
        model=model, tokenizer=classifier.tokenizer, device=CPU, batch_size=PIPELINE_BATCH_SIZE
    )
    texts = [text for text, _ in ground.unlabelled]
    return [one["label"] for one in labelled(texts, truncation=True, max_length=MAX_LENGTH)]


class Wrapped(transformers.PreTrainedModel):  # type: ignore[misc]
    """Our classifier, as the libraries' own loops want to see a model."""

    config_class = transformers.PretrainedConfig
    _supports_sdpa = True

    def __init__(self, classifier: EncoderClassifier) -> None:
        super().__init__(classifier.encoder.config)
        self.classifier = classifier
        self.post_init()

    def _init_weights(self, module: torch.nn.Module) -> None:
        """Keep the weights: they are trained already."""

    def forward(self, labels: Tensor | None = None, **inputs: Tensor) -> SequenceClassifierOutput:
        known = {name: value for name, value in inputs.items() if isinstance(value, Tensor)}
        logits = self.classifier(known)
        loss = None if labels is None else torch.nn.functional.cross_entropy(logits, labels)
        return SequenceClassifierOutput(loss=loss, logits=logits)


def _texts(file: str) -> list[tuple[str, str]]:
    found: dict[str, list[str]] = {}
    for text, label in posts(file).items():
        found.setdefault(label, []).append(text)
    draw = random.Random(0)
    rows = [(text, label) for label, texts in sorted(found.items()) for text in _joined(texts, draw)]
    draw.shuffle(rows)
    return rows


def _joined(texts: list[str], draw: random.Random) -> Iterator[str]:
    place = 0
    while place < len(texts):
        size = draw.randint(1, MOST_POSTS_PER_TEXT)
        yield " ".join(texts[place : place + size])
        place += size


def _run(ground: Ground, name: str, *, kind: str, data: tuple[str, ...], **more: Any) -> Path:
    folder = ground.folder / name
    folder.mkdir()
    model, teacher, soft = more.pop("model", None), more.pop("teacher", None), more.pop("soft", None)
    paths = {split: ground.saved(split, getattr(ground, split)) for split in data}
    payload = {
        "version": 1,
        "kind": kind,
        "task_type": TASK.name,
        "labels": ground.labels,
        "model": vars(model) if model else None,
        "teacher_artifact": str(teacher) if teacher else None,
        "data": {**paths, **({"soft_labels": str(soft)} if soft else {})},
        "training": {
            "batch_size": BATCH_SIZE,
            "learning_rate": LEARNING_RATE,
            "max_length": MAX_LENGTH,
            "temperature": TEMPERATURE,
            **more,
        },
        "evaluation": {"metric": "accuracy", "num_resamples": 100},
    }
    spec = RunSpec.from_payload(payload, folder=folder)
    (folder / "spec.json").write_text(json.dumps(payload))
    job = Job(spec=spec, folder=folder, progress=Progress(folder))
    with contextlib.redirect_stdout(io.StringIO()):
        METHODS[kind](job)
    return folder


def _encoder_of(classifier: Classifier) -> EncoderClassifier:
    assert isinstance(classifier.model, EncoderClassifier)
    return classifier.model


def _load(source: ModelSource, ground: Ground) -> Classifier:
    return load_classifier(source=source, task_type=TASK, labels=ground.labels, max_length=MAX_LENGTH)


def lengths_of_training_rows(ground: Ground) -> Indices:
    return _encoded(_load(MIDDLE, ground), ground.train).lengths


def _encoded(classifier: Classifier, rows: list[tuple[str, str]]) -> EncodedRows:
    named = Rows(uids=[str(i) for i in range(len(rows))], columns={"text": [text for text, _ in rows]}, gold=None)
    return encode_rows(rows=named, task_type=TASK, tokenizer=classifier.tokenizer, max_length=MAX_LENGTH)


def _logits(classifier: Classifier, rows: EncodedRows, *, bf16: bool | None = None) -> npt.NDArray[np.float32]:
    compute = Compute(device=CPU, bf16=has_bf16() if bf16 is None else bf16)
    return predict_logits(model=classifier.model, rows=rows, compute=compute, stop=StopFlag()).values_UC


def _student_epochs(student: Classifier, rows: EncodedRows, epochs: int, answers: Any) -> None:
    """Nothing but forward, loss, backward and step."""
    optimizer = _optimizer(student.model)
    student.model.train()
    for epoch in range(epochs):
        for indices in epoch_batches(lengths=rows.lengths, batch_size=BATCH_SIZE, seed=0, epoch=epoch):
            with torch.autocast("cpu", dtype=torch.bfloat16, enabled=has_bf16()):
                logits = student.model(collate(rows=rows, indices=indices, device=CPU))
            mask = torch.ones(len(indices), dtype=torch.bool)
            loss = distillation_sum(
                student_BC=logits, teacher_BC=answers(indices), temperature=TEMPERATURE, mask_B=mask
            )
            optimizer.zero_grad()
            (loss / len(indices)).backward()  # type: ignore[no-untyped-call]
            optimizer.step()


def _optimizer(model: torch.nn.Module) -> torch.optim.AdamW:
    return torch.optim.AdamW(model.parameters(), lr=LEARNING_RATE, fused=True)


def _tokenized(classifier: Classifier, ground: Ground) -> datasets.Dataset:
    place = {label: i for i, label in enumerate(ground.labels)}
    columns = {"text": [text for text, _ in ground.train], "labels": [place[label] for _, label in ground.train]}
    rows = datasets.Dataset.from_dict(columns)
    encoded = rows.map(
        lambda batch: classifier.tokenizer(batch["text"], truncation=True, max_length=MAX_LENGTH), batched=True
    )
    return encoded.remove_columns("text")
