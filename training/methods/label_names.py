"""What labels come to by what they say of themselves alone, while somebody is still wording them."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import datasets

from training.data import read_labelled
from training.evaluation import SplitAnswers, split_metrics
from training.job import Job
from training.methods.preparing import prepare
from training.recipes import OF_NAMES, RecipeRun, RecipeUnusable, fit_head, head_rows, no_head_for


def score_label_names(job: Job) -> dict[str, Any]:
    """Score the spec's labels on its dev, on the checkpoint as it is; dev chooses nothing.

    The spec's dev and pool are JSON-lines files, so that whoever asks needs no library to write them.

    Returns: value, low and high of the metric, num_examples, and notes on labels that say nothing. Raises:
    RecipeUnusable, NothingKnown, DataInvalid, other PermanentFailure.
    """
    job = _with_datasets(job)
    spec = job.spec
    assert spec.data.dev is not None
    compute, task_type = prepare(job)
    dev = read_labelled(folder=spec.data.dev, name="dev", task_type=task_type, labels=spec.labels)
    run = RecipeRun(job=job, task_type=task_type, compute=compute, train=None, held_out={"dev": dev})
    loader = run.loader(run.head_pooling)
    if reason := no_head_for(run, loader):
        raise RecipeUnusable(f"Label names cannot be scored. {reason}")
    rows = head_rows(job=job, task_type=task_type, labelled=None, texts=None, dev=None)
    start = fit_head(job=job, loader=loader, compute=compute, rows=rows, only=OF_NAMES)
    metrics = split_metrics(
        task_type=task_type,
        rows=dev,
        answers=SplitAnswers(of_seeds=[start.predict(dev)]),
        labels=spec.labels,
        settings=spec.evaluation,
        seed=spec.seed,
    )
    return {**metrics[spec.evaluation.metric], "num_examples": len(dev), "notes": list(start.fit.notes)}


def _with_datasets(job: Job) -> Job:
    data = job.spec.data
    assert data.dev is not None and data.pool is not None
    data = replace(data, dev=_as_dataset(data.dev), pool=_as_dataset(data.pool))
    return replace(job, spec=replace(job.spec, data=data))


def _as_dataset(source: Path) -> Path:
    target = source.with_suffix("")
    rows = [json.loads(line) for line in source.read_text(encoding="utf-8").splitlines()]
    datasets.Dataset.from_list(rows).save_to_disk(str(target))
    return target
