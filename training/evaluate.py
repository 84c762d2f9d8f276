"""How good a student or teacher is, with intervals, beside the majority baseline."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from training.batches import collate, scoring_batches
from training.compute import Compute
from training.data import EncodedRows
from training.spec import EvaluationSettings
from training.stop import StopFlag
from training.task_types.base import Floats, TaskType

# Resamples are summed in blocks, so that memory grows with the block and not with their number.
RESAMPLES_PER_BLOCK = 50


@dataclass(frozen=True, kw_only=True)
class Interval:
    """A metric with its percentile interval."""

    value: float
    low: float
    high: float


def predict_logits(
    *,
    model: nn.Module,
    rows: EncodedRows,
    compute: Compute,
    stop: StopFlag,
    on_rows: Callable[[int], None] | None = None,
) -> npt.NDArray[np.float32]:
    """Run a model over rows, in batches of similar length.

    Parameters
    ----------
    model
        student or teacher; left in evaluation mode.
    rows
        N encoded rows.
    compute
        device and precision.
    stop
        looked at between batches.
    on_rows
        told the number of rows of each batch done.

    Returns
    -------
    Logits (N, C), fp32, in the order of the rows.

    Raises
    ------
    StopRequested: asked to stop.
    """
    model.eval()
    parts: list[npt.NDArray[np.float32]] = []
    batches = scoring_batches(rows.lengths)
    with torch.inference_mode(), compute.autocast():
        for indices in batches:
            stop.raise_if_requested()
            logits = model(collate(rows=rows, indices=indices, device=compute.device))
            parts.append(logits.float().cpu().numpy())
            if on_rows is not None:
                on_rows(len(indices))
    return np.concatenate(parts)[np.argsort(np.concatenate(batches), kind="stable")]


def dev_metric(
    *, task_type: TaskType, gold: Sequence[str], predicted: Sequence[str | None], labels: Sequence[str], metric: str
) -> float:
    """Return one metric over all rows, without an interval; arguments as in split_metrics."""
    tally_NK = task_type.tally(gold=gold, predicted=predicted, labels=labels)
    return float(task_type.score(totals_RK=tally_NK.sum(axis=0, keepdims=True))[metric][0])


def split_metrics(
    *,
    task_type: TaskType,
    gold: Sequence[str],
    predicted: Sequence[str | None],
    labels: Sequence[str],
    settings: EvaluationSettings,
    seed: int,
) -> dict[str, Any]:
    """Score predictions on a split with bootstrap intervals over its examples.

    Parameters
    ----------
    task_type
        knows the metrics.
    gold, predicted
        N labels each; a predicted None is unparsed and counts as wrong.
    labels
        the study's labels.
    settings
        number of resamples and confidence (0 to 1).
    seed
        of the resampling.

    Returns
    -------
    Per metric value, low and high (0 to 1), and num_examples and num_unparsed.
    """
    tally_NK = task_type.tally(gold=gold, predicted=predicted, labels=labels)
    intervals = bootstrap(task_type=task_type, tally_NK=tally_NK, settings=settings, seed=seed)
    metrics = {name: vars(interval) for name, interval in intervals.items()}
    return {**metrics, "num_examples": len(gold), "num_unparsed": sum(p is None for p in predicted)}


def bootstrap(*, task_type: TaskType, tally_NK: Floats, settings: EvaluationSettings, seed: int) -> dict[str, Interval]:
    """Percentile bootstrap over examples.

    Efron and Tibshirani, "An Introduction to the Bootstrap", 1993, chapter 13: examples are drawn with
    replacement, and the interval is cut from the metric's distribution over the draws.

    Parameters
    ----------
    task_type
        turns summed tallies into metrics.
    tally_NK
        counts per example.
    settings
        number of resamples and confidence (0 to 1).
    seed
        0 or more; the same seed gives the same interval.

    Returns
    -------
    Per metric its value over all examples and its interval.
    """
    rng = np.random.default_rng(seed)
    num_examples = len(tally_NK)
    even = np.full(num_examples, 1 / num_examples)
    totals: list[Floats] = []
    for start in range(0, settings.num_resamples, RESAMPLES_PER_BLOCK):
        size = min(RESAMPLES_PER_BLOCK, settings.num_resamples - start)
        totals.append(rng.multinomial(num_examples, even, size=size) @ tally_NK)
    draws = task_type.score(totals_RK=np.concatenate(totals))
    values = task_type.score(totals_RK=tally_NK.sum(axis=0, keepdims=True))
    tail = (1 - settings.confidence) / 2
    return {
        name: Interval(
            value=float(values[name][0]),
            low=float(np.quantile(drawn, tail)),
            high=float(np.quantile(drawn, 1 - tail)),
        )
        for name, drawn in draws.items()
    }


def majority_baseline(
    *, task_type: TaskType, train_gold: Sequence[str], test_gold: Sequence[str], labels: Sequence[str], metric: str
) -> dict[str, Any]:
    """Score the answer that is always the most frequent label of the training data.

    Parameters
    ----------
    task_type
        knows the metric.
    train_gold
        labels the majority is taken from; of equally frequent ones the first in `labels` is taken.
    test_gold
        labels it is scored on.
    labels
        the study's labels.
    metric
        the study's metric.

    Returns
    -------
    The label and its value, 0 to 1.
    """
    counts = Counter(train_gold)
    label = max(labels, key=lambda candidate: counts[candidate])
    value = dev_metric(
        task_type=task_type, gold=test_gold, predicted=[label] * len(test_gold), labels=labels, metric=metric
    )
    return {"label": label, "value": value}
