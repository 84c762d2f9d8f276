"""How good a student or teacher is, with intervals, and answers that need no training for comparison."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
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
    over_labels,
    seed_scores,
)
from training.spec import EvaluationSettings
from training.tasks import TaskType

# Enough for the share of chance in the spread over labels.
NUM_RESAMPLES_OF_HALVES = 200


@dataclass(frozen=True, kw_only=True)
class SplitAnswers:
    """Answers to a split: of a model from each seed, and of heads fitted to halves of the labels, where these exist."""

    of_seeds: Sequence[Sequence[str | None]]
    of_halves: Sequence[Sequence[str | None]] = ()


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
    answers: SplitAnswers,
    labels: Sequence[str],
    settings: EvaluationSettings,
    seed: int,
) -> dict[str, Any]:
    """Score each seed's answers to a split, with intervals over examples and, of several seeds, over seeds.

    Returns: per metric value (the mean over seeds), low and high, 0 to 1, and `over_labels` with the wider interval
    over examples and labels and the standard deviation over labels, where heads of halves tell it; `interval_over`
    names what low and high hold; num_examples, num_seeds and num_unparsed.
    """

    def tallies(of: Sequence[Sequence[str | None]]) -> list[MetricTally]:
        return [task_type.tally(rows=rows, predicted=predicted, labels=labels) for predicted in of]

    intervals = bootstrap(task_type=task_type, tallies=tallies(answers.of_seeds), settings=settings, seed=seed)
    metrics: dict[str, dict[str, Any]] = {name: {**vars(interval)} for name, interval in intervals.items()}
    if answers.of_halves:
        _add_labels(metrics, intervals, task_type, tallies(answers.of_halves), settings.confidence)
    return {
        **metrics,
        "interval_over": list(intervals_hold(num_seeds=len(answers.of_seeds))),
        "num_examples": len(rows),
        "num_seeds": len(answers.of_seeds),
        "num_unparsed": sum(answer is None for predicted in answers.of_seeds for answer in predicted),
    }


def _add_labels(
    metrics: dict[str, dict[str, Any]],
    intervals: Mapping[str, Interval],
    task_type: TaskType,
    tallies: Sequence[MetricTally],
    confidence: float,
) -> None:
    rng = np.random.default_rng(0)
    scores = seed_scores(task_type=task_type, groups=[tallies], num_resamples=NUM_RESAMPLES_OF_HALVES, rng=rng)
    for name, (halves,) in scores.items():
        metrics[name]["over_labels"] = vars(over_labels(intervals[name], halves, confidence=confidence))


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
