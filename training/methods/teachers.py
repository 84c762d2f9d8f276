"""Who scores unlabelled rows: a trained artifact, or a checkpoint as it is with a head that is fitted on the spot."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from training.answers import Rows
from training.compute import Compute
from training.data import ModelOutputs, read_labelled
from training.job import Job
from training.learners import Classifier, HeldOut, TagTransitions, is_artifact, load_classifier, read_label_map
from training.models import EncoderClassifier, PretrainedUnusable, TextToText
from training.recipes import OF_NAMES, HeadStart, fit_head, head_choice, head_pooling, head_rows
from training.runtime import folder_hash
from training.spec import FINETUNE, NAMES, ModelSource
from training.tasks import BI_ENCODER, TOKEN, TaskType
from training.train import ModelLoader


@dataclass(frozen=True, kw_only=True)
class ScoringTeacher:
    """A classifier on its device, with the task type in its units; `hash` is one over all that decides its outputs.

    `held_out` are outputs for rows that taught it, by models that these did not teach; `start` is the head of one that
    is not trained. Its tags are found by `transitions`, too, where it has some.
    """

    classifier: Classifier
    task_type: TaskType
    hash: str
    name: str
    held_out: HeldOut | None = None
    choice: dict[str, Any] | None = None
    start: HeadStart | None = None
    transitions: TagTransitions | None = None

    @property
    def untrained(self) -> Callable[[Rows], ModelOutputs] | None:
        """As of an Evaluator."""
        return None if self.start is None else self.start.outputs

    @property
    def vector_shape(self) -> tuple[int, int] | None:
        """The shape of what `vectors` of its classifier gives of a row, see StoredVectors; None where it gives none."""
        model = self.classifier.model
        if isinstance(model, TextToText) or self.task_type.unit in ("word", TOKEN):
            return None
        return (2 if model.pooling == BI_ENCODER else 1, model.width)


def teacher_of(*, job: Job, task_type: TaskType, compute: Compute) -> ScoringTeacher:
    """Load the teacher of a scoring run, or fit a head to its checkpoint.

    Raises: PretrainedUnusable (neither), NothingKnown, DataInvalid.
    """
    spec = job.spec
    source = spec.model
    if spec.teacher_artifact is not None:
        source = ModelSource(source="folder", name=str(spec.teacher_artifact))
    assert source is not None
    job.progress.stage("model", message=f"loading {source}")
    if is_artifact(source):
        return _trained(job, task_type, compute, source)
    if spec.training.recipe == FINETUNE or spec.teacher_artifact is not None:
        raise PretrainedUnusable(
            f"Teacher {source} has no trained head. Fine-tune it on gold labels first, or set training.recipe to names "
            "or frozen."
        )
    return _fitted(job, task_type, compute)


def _trained(job: Job, task_type: TaskType, compute: Compute, source: ModelSource) -> ScoringTeacher:
    folder, spec = Path(source.name), job.spec
    task_type = task_type.segmented(read_label_map(folder).segmentation)
    classifier = load_classifier(
        source=source,
        task_type=task_type,
        labels=spec.labels,
        max_length=spec.training.max_length,
        answer_length=spec.training.answer_length,
    )
    classifier.model.to(compute.device)
    return ScoringTeacher(
        classifier=classifier,
        task_type=task_type,
        hash=folder_hash(folder),
        name=str(source),
        held_out=HeldOut.read(folder),
        transitions=TagTransitions.read(folder, outputs=task_type.output_names(spec.labels)),
    )


def _fitted(job: Job, task_type: TaskType, compute: Compute) -> ScoringTeacher:
    train, dev = _labelled(job, "train", task_type), _labelled(job, "dev", task_type)
    task_type = _segmented(job, task_type, train)
    job = _with_pool(job, task_type)
    loader = ModelLoader(spec=job.spec, task_type=task_type, compute=compute)
    if loader.codec is not None:
        raise PretrainedUnusable(
            f"Teacher {job.spec.model} writes text and takes no head. Fine-tune it on gold labels."
        )
    rows = head_rows(job=job, task_type=task_type, labelled=train, texts=None, dev=dev)
    only = OF_NAMES if job.spec.training.recipe == NAMES else ()
    start = fit_head(job=job, loader=loader, compute=compute, rows=rows, only=only)
    key = start.study.encoder.key
    loader.start_from(start.fit.head)
    job.progress.log(f"teacher: {start.fit.choice.why}")
    classifier = loader(job.spec)
    return ScoringTeacher(
        classifier=classifier,
        task_type=task_type,
        hash=_head_hash(classifier, key),
        name=f"{job.spec.model}, not trained",
        held_out=start.held_out,
        choice=head_choice(start),
        start=start,
        transitions=start.fit.head.transitions,
    )


def _with_pool(job: Job, task_type: TaskType) -> Job:
    """Read texts as a head needs them, the rows to be scored being the pool where none is given."""
    spec = job.spec
    settings = replace(spec.training, pooling=head_pooling(task_type, spec.training.pooling))
    data = replace(spec.data, pool=spec.data.pool or spec.data.unlabelled)
    return replace(job, spec=replace(spec, training=settings, data=data))


def _labelled(job: Job, name: str, task_type: TaskType) -> Rows | None:
    folder = job.spec.data.train if name == "train" else job.spec.data.dev
    if folder is None:
        return None
    return read_labelled(folder=folder, name=name, task_type=task_type, labels=job.spec.labels)


def _segmented(job: Job, task_type: TaskType, train: Rows | None) -> TaskType:
    asked = job.spec.training.segmentation
    if asked != "auto":
        return task_type.segmented(asked)
    if train is None:
        return task_type
    return task_type.segmented(task_type.segmentation_for(columns=train.columns, gold=train.labelled()))


def _head_hash(classifier: Classifier, encoder_key: str) -> str:
    """Return one SHA-256 over an encoder, how it reads, and a head."""
    assert isinstance(classifier.model, EncoderClassifier)
    digest = hashlib.sha256(encoder_key.encode())
    for name, tensor in sorted(classifier.model.head_state().items()):
        digest.update(f"{name} {tuple(tensor.shape)}\n".encode())
        digest.update(tensor.numpy().tobytes())
    return digest.hexdigest()
