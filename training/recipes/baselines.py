"""What a few lines come to on the same labels: answers that a student is to beat, none of which trains a checkpoint."""

from __future__ import annotations

from typing import Any

import numpy as np

from training.answers import Rows, joined_texts
from training.compute import Compute
from training.data import Units
from training.fewshot import as_outputs, fit_words, scores_of
from training.job import Job
from training.learners import learner_of
from training.recipes.head_start import OF_NAMES, HeadRows, HeadStart, fit_head
from training.tasks import TaskType
from training.train import ModelLoader

# One machine per label is fitted to all rows; beyond this it takes longer than it is worth.
MOST_WORD_TARGETS = 500_000
FROZEN_LABELS = "frozen_labels"


def few_label_baselines(
    *, job: Job, loader: ModelLoader, compute: Compute, rows: HeadRows, test: Rows, start: HeadStart | None
) -> dict[str, dict[str, Any]]:
    """Score on test what names, a head on the frozen checkpoint, the cosine of pairs, and words come to.

    `start` is a head that was fitted to the rows already. To be asked for before the loader's checkpoint is trained.
    Raises: StopRequested.
    """
    job.progress.stage("evaluate", message="measuring baselines")
    found: dict[str, tuple[str, list[str | None]]] = {}
    if loader.codec is None:
        found.update(_frozen(job, loader, compute, rows, test, start))
    if len(rows.labelled) and loader.task_type.unit != "word":
        if len(rows.labelled) * len(job.spec.labels) <= MOST_WORD_TARGETS:
            found["tf_idf"] = ("TF-IDF with a linear model", _by_words(job, loader.task_type, rows.labelled, test))
        else:
            job.progress.log("baseline tf_idf is left out: too many labels times rows")
    return {
        name: {"label": label, "value": _score(job, loader.task_type, test, predicted)}
        for name, (label, predicted) in found.items()
    }


def _frozen(
    job: Job, loader: ModelLoader, compute: Compute, rows: HeadRows, test: Rows, start: HeadStart | None
) -> dict[str, tuple[str, list[str | None]]]:
    """Return the answers of heads on the checkpoint as it is, as far as there is anything to make them of."""
    start = start or fit_head(job=job, loader=loader, compute=compute, rows=rows, is_quiet=True)
    unlabelled = rows.labelled.of([])
    asked = {
        "label_names": ("label names, checkpoint not trained", unlabelled, OF_NAMES),
        **({"cosine": ("cosine of both texts", rows.labelled, ("cosine",))} if start.is_of_pairs else {}),
        FROZEN_LABELS: ("head on the labels, checkpoint not trained", rows.labelled, ()),
    }
    if start.is_of_pairs:
        asked["label_names"] = ("cosine of both texts, without labels", unlabelled, ("cosine",))
    found = {}
    for name, (label, labelled, only) in asked.items():
        fit = start.refitted(labelled, only=only)
        if fit is not None and (len(labelled) or name == "label_names"):
            found[name] = (label, start.predict(test, fit.head))
    return found


def _by_words(job: Job, task_type: TaskType, train: Rows, test: Rows) -> list[str | None]:
    learner, labels = learner_of(task_type), job.spec.labels
    target = learner.targets(rows=train, units=Units.one_per_row(len(train)), labels=labels).numpy()
    targets_NC = target.astype(np.float64) if target.ndim == 2 else np.eye(len(labels))[target]
    logits_NC = fit_words(texts=joined_texts(train), targets_NC=targets_NC).logits(joined_texts(test))
    outputs = as_outputs(logits_NC, bounds=np.arange(len(test) + 1), seen_U=np.ones(len(test), dtype=np.bool_))
    return learner.decode(outputs=outputs, rows=test, labels=labels)


def _score(job: Job, task_type: TaskType, test: Rows, predicted: list[str | None]) -> float:
    tally = task_type.tally(rows=test, predicted=predicted, labels=job.spec.labels)
    return float(scores_of(task_type=task_type, metric=job.spec.evaluation.metric, tallies=[tally])[0])
