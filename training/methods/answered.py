"""Answers that a language model gave elsewhere, into the soft-label store: rows without one are left out."""

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from training.answers import Rows
from training.contract import SOFT_LABELS
from training.data import DataInvalid, ModelOutputs, Units, checked_rows, open_dataset, read_labelled
from training.distil import DevConfidence, PartialStore, StorePlan, num_top_outputs, read_metadata
from training.job import Job
from training.learners import learner_of
from training.methods.calibrating import calibrated_on
from training.methods.result import resource_use
from training.runtime import folder_hash
from training.tasks import TaskType, task_type_named

ROWS_PER_SHARD = 1024
# Servers leave out what is improbable: a probability of nothing would be certain knowledge.
LEAST_PROBABILITY = 1e-6
_Scores = dict[str, list[float]]


class NothingAnswered(DataInvalid):
    """A language model gave no answer to any of the rows that a student is to learn from."""


def store_answers(job: Job) -> dict[str, Any]:
    """Write the answers to unlabelled rows as a soft-label set; returns what result.json holds.

    `data.answers` has, by uid, one probability per label, of unlabelled rows and of dev, which calibrates them. Rows
    without an answer are counted and left out. Raises: NothingAnswered, DataInvalid, StopRequested.
    """
    spec = job.spec
    assert spec.data.unlabelled is not None
    task_type = task_type_named(name=spec.task_type, metric=spec.evaluation.metric)
    job.progress.stage("data", message="reading the answers")
    scores = _read_scores(job, task_type)
    dataset = open_dataset(folder=spec.data.unlabelled, name="unlabelled", columns=("uid", *task_type.input_fields))
    rows = _of(checked_rows(batch=dataset[:], name="unlabelled", task_type=task_type), scores)
    if not len(rows):
        raise _nothing(len(dataset))
    plan = _plan(job, task_type, rows, scores)
    target = job.folder / SOFT_LABELS
    store = PartialStore(job.folder / f"{SOFT_LABELS}.partial", plan)
    if not store.is_published(target):
        store.open()
        _write(job, task_type, store, rows, scores)
        calibration, confidence = _calibrated(job, task_type, scores)
        store.publish(target, calibration=calibration, confidence=confidence)
    job.progress.log(f"{len(rows)} of {len(dataset)} examples have an answer")
    return {
        "artifact": SOFT_LABELS,
        "artifact_hash": folder_hash(target),
        "metrics": {},
        "calibration": read_metadata(target)["calibration"],
        "num_train": 0,
        "num_pseudo_labels": len(rows),
        "num_without_answer": len(dataset) - len(rows),
        **resource_use(job),
    }


def _read_scores(job: Job, task_type: TaskType) -> _Scores:
    assert job.spec.data.answers is not None and job.spec.data.unlabelled is not None
    try:
        answers = open_dataset(folder=job.spec.data.answers, name="answers", columns=("uid", "scores"))
    except DataInvalid as error:
        raise NothingAnswered(f"{error} A language model's answers are counted on the run's page.") from error
    scores = {str(uid): list(given) for uid, given in zip(answers["uid"], answers["scores"], strict=True)}
    num_outputs = len(task_type.output_names(job.spec.labels))
    for uid, given in scores.items():
        if len(given) != num_outputs or not all(math.isfinite(score) and 0 <= score <= 1 for score in given):
            raise DataInvalid(
                f"data.answers: example {uid} has {given!r}. Give one probability for each of {num_outputs} labels."
            )
    return scores


def _nothing(num_rows: int) -> NothingAnswered:
    return NothingAnswered(
        f"data.answers: the language model answered none of {num_rows} examples, so that nothing can be learned from "
        "it. See on the run's page why, and change the prompt's instructions or the connection."
    )


def _of(rows: Rows, scores: Mapping[str, list[float]]) -> Rows:
    """The rows that have an answer."""
    return rows.taken([place for place, uid in enumerate(rows.uids) if uid in scores])


def _plan(job: Job, task_type: TaskType, rows: Rows, scores: _Scores) -> StorePlan:
    spec = job.spec
    told = json.dumps([[uid, scores[uid]] for uid in rows.uids]).encode()
    texts = json.dumps([rows.uids, rows.columns], sort_keys=True).encode()
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
        num_rows=len(rows),
        top_outputs=num_top_outputs(task_type=task_type, labels=spec.labels),
    )


def _write(job: Job, task_type: TaskType, store: PartialStore, rows: Rows, scores: _Scores) -> None:
    job.progress.stage("score", num_steps=len(rows), message=f"storing {len(rows)} answers")
    for shard, start in enumerate(range(0, len(rows), ROWS_PER_SHARD)):
        job.stop.raise_if_requested()
        end = start + ROWS_PER_SHARD
        columns = {name: texts[start:end] for name, texts in rows.columns.items()}
        some = replace(rows, uids=rows.uids[start:end], columns=columns)
        if not store.has(shard):
            store.write(shard, rows=some, outputs=_outputs(task_type, some, scores))
        job.progress.step(min(end, len(rows)))


def _outputs(task_type: TaskType, rows: Rows, scores: _Scores) -> ModelOutputs:
    """Probabilities as a model's outputs: logarithms where one label is chosen, log-odds where several may apply."""
    shares_NC = np.array([scores[uid] for uid in rows.uids], dtype=np.float64)
    shares_NC = np.clip(shares_NC, LEAST_PROBABILITY, 1 - LEAST_PROBABILITY)
    values_NC: npt.NDArray[np.float64] = np.log(shares_NC)
    if not learner_of(task_type).is_one_choice:
        values_NC = values_NC - np.log1p(-shares_NC)
    return ModelOutputs.one_per_row(values_NC.astype(np.float32))


def _calibrated(job: Job, task_type: TaskType, scores: _Scores) -> tuple[dict[str, Any] | None, DevConfidence | None]:
    if job.spec.data.dev is None:
        return None, None
    dev = read_labelled(folder=job.spec.data.dev, name="dev", task_type=task_type, labels=job.spec.labels)
    rows = _of(dev, scores)
    if not len(rows):
        job.progress.log("not calibrated: no example of dev has an answer")
        return None, None
    job.progress.stage("evaluate", message=f"calibrating on {len(rows)} examples of dev")
    units, outputs = Units.one_per_row(len(rows)), _outputs(task_type, rows, scores)
    return calibrated_on(job=job, task_type=task_type, rows=rows, units=units, outputs=outputs)
