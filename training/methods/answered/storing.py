"""One pass over the answers that were given: into shards, compared with dev, and published as a soft-label set."""

import hashlib
import json
from collections.abc import Collection
from dataclasses import replace
from typing import Any

import numpy as np

from training.answers import Rows
from training.contract import SOFT_LABELS
from training.data import DataInvalid, Units, checked_rows, open_dataset, read_labelled
from training.distil import DevConfidence, PartialStore, StorePlan, Writing, num_top_outputs, read_metadata
from training.job import Job
from training.methods.answered.given import GivenAnswers, given_column, read_given
from training.methods.calibrating import calibrated_on
from training.methods.result import resource_use
from training.methods.writing import repeated_rows
from training.runtime import folder_hash
from training.tasks import TaskType, task_type_named

ROWS_PER_SHARD = 1024


class NothingAnswered(DataInvalid):
    """A language model gave no answer to any of the rows that a student is to learn from."""


def store_answers(job: Job) -> dict[str, Any]:
    """Write the answers to unlabelled rows as a soft-label set; returns what result.json holds.

    `data.answers` has, by uid, one probability per label; or the entities that each sample found; or the texts that
    were written, with the mean log-probability of their tokens. Labels and entities are there for dev too, which
    calibrates them. Rows without an answer are counted and left out.
    Raises: NothingAnswered, DataInvalid, StopRequested.
    """
    spec = job.spec
    assert spec.data.unlabelled is not None
    task_type = task_type_named(name=spec.task_type, metric=spec.evaluation.metric)
    job.progress.stage("data", message="reading the answers")
    dataset = open_dataset(folder=spec.data.unlabelled, name="unlabelled", columns=("uid", *task_type.input_fields))
    dev = _dev(job, task_type)
    given = _read(job, task_type)
    rows = _of(checked_rows(batch=dataset[:], name="unlabelled", task_type=task_type), given.by_uid)
    if not len(rows):
        raise _nothing(len(dataset))
    given = _segmented(given, rows, dev)
    target = job.folder / SOFT_LABELS
    store = PartialStore(job.folder / f"{SOFT_LABELS}.partial", _plan(job, given, rows))
    if not store.is_published(target):
        store.open()
        _write(job, store, given, rows)
        calibration, confidence = _calibrated(job, given, dev)
        store.publish(target, calibration=calibration, confidence=confidence)
    metadata = read_metadata(target)
    job.progress.log(f"{len(rows)} of {len(dataset)} examples have an answer")
    return {
        "artifact": SOFT_LABELS,
        "artifact_hash": folder_hash(target),
        "metrics": {},
        "calibration": metadata["calibration"],
        **({"written": metadata["written"]} if "written" in metadata else {}),
        "num_train": 0,
        "num_pseudo_labels": len(rows),
        "num_without_answer": len(dataset) - len(rows),
        **resource_use(job),
    }


def _read(job: Job, task_type: TaskType) -> GivenAnswers:
    assert job.spec.data.answers is not None
    columns = ("uid", given_column(task_type), *(() if task_type.has_labels else ("log_probabilities",)))
    try:
        answers = open_dataset(folder=job.spec.data.answers, name="answers", columns=columns)
    except DataInvalid as error:
        raise NothingAnswered(f"{error} A language model's answers are counted on the run's page.") from error
    return read_given(dataset=answers, task_type=task_type, labels=job.spec.labels)


def _nothing(num_rows: int) -> NothingAnswered:
    return NothingAnswered(
        f"data.answers: the language model answered none of {num_rows} examples, so that nothing can be learned from "
        "it. See on the run's page why, and change the prompt's instructions or the connection."
    )


def _dev(job: Job, task_type: TaskType) -> Rows | None:
    """The labelled dev; None without, and for written answers, whose confidence nothing could be compared with."""
    if job.spec.data.dev is None or not task_type.has_labels:
        return None
    return read_labelled(folder=job.spec.data.dev, name="dev", task_type=task_type, labels=job.spec.labels)


def _of(rows: Rows, uids: Collection[str]) -> Rows:
    """The rows that have an answer."""
    return rows.of([place for place, uid in enumerate(rows.uids) if uid in uids])


def _segmented(given: GivenAnswers, rows: Rows, dev: Rows | None) -> GivenAnswers:
    """Cut texts as the entities of dev are marked or, without dev, as those that were answered are."""
    if given.task_type.unit != "word":
        return given
    answers = [given.by_uid[uid][0] for uid in rows.uids] if dev is None else dev.labelled()
    texts = rows if dev is None else dev
    chosen = given.task_type.segmentation_for(columns=texts.columns, gold=answers)
    return replace(given, task_type=given.task_type.segmented(chosen))


def _plan(job: Job, given: GivenAnswers, rows: Rows) -> StorePlan:
    spec, task_type, counts = job.spec, given.task_type, given.counts(rows)
    told = json.dumps([[uid, given.told(uid)] for uid in rows.uids]).encode()
    texts = json.dumps([rows.uids, rows.columns], sort_keys=True).encode()
    writing = Writing(num_answers=max(counts), answer_length=spec.training.answer_length, seed=spec.seed)
    return StorePlan(
        task_type=spec.task_type,
        labels=tuple(spec.labels),
        unit=task_type.unit,
        outputs=task_type.output_names(spec.labels),
        teacher_hash=hashlib.sha256(told).hexdigest(),
        tokenizer_hash="",
        data_hash=hashlib.sha256(texts).hexdigest(),
        max_length=spec.training.max_length,
        precision="fp32",
        rows_per_shard=ROWS_PER_SHARD,
        num_rows=sum(counts),
        top_outputs=num_top_outputs(task_type=task_type, labels=spec.labels),
        segmentation=task_type.segmentation,
        writing=None if task_type.has_labels else writing,
    )


def _write(job: Job, store: PartialStore, given: GivenAnswers, rows: Rows) -> None:
    job.progress.stage("score", num_steps=len(rows), message=f"storing {len(rows)} answers")
    for shard, start in enumerate(range(0, len(rows), ROWS_PER_SHARD)):
        job.stop.raise_if_requested()
        end = start + ROWS_PER_SHARD
        columns = {name: texts[start:end] for name, texts in rows.columns.items()}
        some = replace(rows, uids=rows.uids[start:end], columns=columns)
        if not store.has(shard):
            repeated = repeated_rows(some, given.counts(some))
            store.write(shard, rows=repeated, outputs=given.outputs(some), written=given.written(some))
        job.progress.step(min(end, len(rows)))


def _calibrated(job: Job, given: GivenAnswers, dev: Rows | None) -> tuple[dict[str, Any] | None, DevConfidence | None]:
    if dev is None:
        return None, None
    rows = _of(dev, given.by_uid)
    if not len(rows):
        job.progress.log("not calibrated: no example of dev has an answer")
        return None, None
    job.progress.stage("evaluate", message=f"calibrating on {len(rows)} examples of dev")
    outputs = given.outputs(rows)
    # Whoever answered has seen all of a text.
    units = Units.of_words([[0] * count for count in np.diff(outputs.bounds).tolist()])
    return calibrated_on(job=job, task_type=given.task_type, rows=rows, units=units, outputs=outputs)
