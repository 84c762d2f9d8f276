"""One pass of a teacher over unlabelled examples, into the soft-label store."""

from __future__ import annotations

import hashlib
import json
import math
from pathlib import Path
from typing import Any

import datasets

from training.artifact import Classifier, is_artifact, load_classifier
from training.compute import Compute, prepare_compute
from training.data import checked_rows, encode_rows, open_dataset
from training.evaluate import predict_logits
from training.folder import folder_hash
from training.job import Job
from training.pretrained import PretrainedUnusable, tokenizer_hash
from training.result import used
from training.settings import ModelSource
from training.soft_labels import PartialStore, StorePlan
from training.spec import RunSpec
from training.task_types import task_type_named
from training.task_types.base import TaskType

SOFT_LABELS = "soft_labels"
# Large enough for batches of like lengths, small enough that memory is flat and a kill loses little.
ROWS_PER_SHARD = 1024


def score(job: Job) -> dict[str, Any]:
    """Run a fine-tuned teacher once over unlabelled examples and store its logits.

    Killed and started again, it goes on at the first shard that is not written.

    Parameters
    ----------
    job
        its spec names the teacher's artifact and the unlabelled dataset.

    Returns
    -------
    The run's result, as result.json holds it.

    Raises
    ------
    PermanentFailure: the teacher has no head or other labels, or the data cannot be used.
    StopRequested: asked to stop; the finished shards stay.
    """
    spec = job.spec
    assert spec.data.unlabelled is not None
    compute = prepare_compute(spec)
    task_type = task_type_named(name=spec.task_type, metric=spec.evaluation.metric)
    dataset = open_dataset(folder=spec.data.unlabelled, name="unlabelled", columns=("uid", *task_type.input_fields))
    source = _teacher_source(spec)
    teacher = load_classifier(
        source=source, task_type=task_type, labels=spec.labels, max_length=spec.training.max_length
    )
    teacher.model.to(compute.device)
    plan = StorePlan(
        task_type=spec.task_type,
        labels=tuple(spec.labels),
        unit=task_type.unit,
        outputs=task_type.output_names(spec.labels),
        teacher_hash=folder_hash(Path(source.name)),
        tokenizer_hash=tokenizer_hash(teacher.tokenizer),
        data_hash=_data_hash(dataset, task_type),
        max_length=spec.training.max_length,
        precision="bf16" if compute.bf16 else "fp32",
        rows_per_shard=ROWS_PER_SHARD,
        num_rows=len(dataset),
    )
    store = PartialStore(job.folder / f"{SOFT_LABELS}.partial", plan)
    store.open()
    job.progress.stage("score", num_steps=len(dataset), message=f"scoring {len(dataset)} examples")
    for shard in range(math.ceil(len(dataset) / ROWS_PER_SHARD)):
        if not store.has(shard):
            _score_shard(job, store, shard, (dataset, task_type, teacher, compute))
        job.progress.step(min((shard + 1) * ROWS_PER_SHARD, len(dataset)))
    job.progress.log(f"scored {len(dataset)} examples with {source}")
    target = job.folder / SOFT_LABELS
    store.publish(target)
    return {
        "artifact": SOFT_LABELS,
        "artifact_hash": folder_hash(target),
        "metrics": {},
        "num_train": 0,
        "num_pseudo_labels": len(dataset),
        **used(job),
    }


def _score_shard(
    job: Job, store: PartialStore, shard: int, parts: tuple[datasets.Dataset, TaskType, Classifier, Compute]
) -> None:
    dataset, task_type, teacher, compute = parts
    start = shard * ROWS_PER_SHARD
    rows = checked_rows(batch=dataset[start : start + ROWS_PER_SHARD], name="unlabelled", task_type=task_type)
    encoded = encode_rows(
        rows=rows, task_type=task_type, tokenizer=teacher.tokenizer, max_length=job.spec.training.max_length
    )
    done = [start]

    def count(num_rows: int) -> None:
        done[0] += num_rows
        job.progress.step(done[0])

    outputs = predict_logits(model=teacher.model, rows=encoded, compute=compute, stop=job.stop, on_rows=count)
    store.write(shard, rows=rows, outputs=outputs)


def _teacher_source(spec: RunSpec) -> ModelSource:
    if spec.teacher_artifact is not None:
        source: ModelSource | None = ModelSource(source="folder", name=str(spec.teacher_artifact))
    else:
        source = spec.model
    assert source is not None
    if not is_artifact(source):
        raise PretrainedUnusable(f"Teacher {source} has no trained head. Fine-tune it on gold labels first.")
    return source


def _data_hash(dataset: datasets.Dataset, task_type: TaskType) -> str:
    digest = hashlib.sha256()
    for batch in dataset.select_columns(["uid", *task_type.input_fields]).iter(batch_size=ROWS_PER_SHARD):
        digest.update(json.dumps(batch, sort_keys=True).encode())
    return digest.hexdigest()
