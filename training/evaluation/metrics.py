"""How good a student or teacher is, with intervals, and answers that need no training for comparison."""

from collections.abc import Sequence
from operator import itemgetter
from typing import Any

import numpy as np

from training.answers import (
    BaselineAnswers,
    Interval,
    MetricTally,
    Rows,
    intervals_hold,
    mean_interval,
    seed_scores,
)
from training.spec import EvaluationSettings
from training.tasks import TaskType


def metric_value(
    *, task_type: TaskType, rows: Rows, predicted: Sequence[str | None], labels: Sequence[str], metric: str
) -> float:
    """Return one metric over all rows, without an interval."""
    tally = task_type.tally(rows=rows, predicted=predicted, labels=labels)
    return float(task_type.score(totals_RK=tally.totals())[metric][0])


def split_metrics(
    *,
    task_type: TaskType,
    rows: Rows,
    predicted: Sequence[Sequence[str | None]],
    labels: Sequence[str],
    settings: EvaluationSettings,
    seed: int,
) -> dict[str, Any]:
    """Score each seed's predictions on a split, with intervals over examples and, of several seeds, over seeds.

    Returns: per metric value (the mean over seeds), low and high, 0 to 1; `interval_over` names what the intervals
    hold; num_examples, num_seeds and num_unparsed.
    """
    tallies = [task_type.tally(rows=rows, predicted=answers, labels=labels) for answers in predicted]
    intervals = bootstrap(task_type=task_type, tallies=tallies, settings=settings, seed=seed)
    metrics = {name: vars(interval) for name, interval in intervals.items()}
    return {
        **metrics,
        "interval_over": list(intervals_hold(num_seeds=len(predicted))),
        "num_examples": len(rows),
        "num_seeds": len(predicted),
        "num_unparsed": sum(answer is None for answers in predicted for answer in answers),
    }


def bootstrap(
    *, task_type: TaskType, tallies: Sequence[MetricTally], settings: EvaluationSettings, seed: int
) -> dict[str, Interval]:
    """Return, per metric, the mean over the seeds' tallies with its interval; see mean_interval."""
    rng = np.random.default_rng(seed)
    scores = seed_scores(task_type=task_type, groups=[tallies], num_resamples=settings.num_resamples, rng=rng)
    return {name: mean_interval(of_metric, confidence=settings.confidence) for name, (of_metric,) in scores.items()}


def baseline_scores(
    *, task_type: TaskType, train: Rows, test: Rows, labels: Sequence[str], metric: str
) -> dict[str, dict[str, Any]]:
    """Score answers that need no training; `constant` is the best by the metric of all that answer alike."""

    def scored(baseline: BaselineAnswers) -> dict[str, Any]:
        value = metric_value(task_type=task_type, rows=test, predicted=baseline.predicted, labels=labels, metric=metric)
        return {"label": baseline.label, "value": value}

    constants = [scored(baseline) for baseline in task_type.constants(test=test, labels=labels)]
    found = task_type.baselines(train=train, test=test, labels=labels)
    values = {name: scored(baseline) for name, baseline in found.items()}
    return {"majority": values.pop("majority"), "constant": max(constants, key=itemgetter("value")), **values}
