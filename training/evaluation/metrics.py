"""How good a student or teacher is, with intervals, and answers that need no training for comparison."""

from collections.abc import Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

import numpy as np

from training.answers import (
    BaselineAnswers,
    Interval,
    MetricTally,
    Rows,
    SeedScores,
    intervals_hold,
    mean_interval,
    over_labels,
    seed_scores,
)
from training.spec import EvaluationSettings
from training.tasks import TaskType

# Enough for the share of chance in the spread over labels.
NUM_RESAMPLES_OF_PARTS = 200


Answers = Sequence[str | None]


@dataclass(frozen=True, kw_only=True)
class PartAnswers:
    """Answers of heads fitted to halves and to quarters of the labels, those of a split together; see over_labels."""

    of_halves: Sequence[Answers]
    of_quarters: Sequence[Answers]


@dataclass(frozen=True, kw_only=True)
class SplitAnswers:
    """Answers to a split: of a model from each seed, and of heads of parts of the labels, where these exist.

    `num_teachers` taught the models of a distillation.
    """

    of_seeds: Sequence[Answers]
    of_parts: PartAnswers | None = None
    num_teachers: int = 0


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
    over examples and labels and the standard deviation over labels, where heads of parts of these tell it, and
    `measured_by`, the checkpoint, of a metric that one measures;
    `interval_over` names what low and high hold; num_examples, num_seeds and num_unparsed.
    """

    def tallies(of: Sequence[Answers]) -> list[MetricTally]:
        return [task_type.tally(rows=rows, predicted=predicted, labels=labels) for predicted in of]

    intervals = bootstrap(task_type=task_type, tallies=tallies(answers.of_seeds), settings=settings, seed=seed)
    metrics: dict[str, dict[str, Any]] = {name: {**vars(interval)} for name, interval in intervals.items()}
    for name, checkpoint in task_type.measured_by.items():
        metrics[name]["measured_by"] = checkpoint
    if answers.of_parts is not None:
        parts = [
            _part_scores(task_type, tallies(of)) for of in (answers.of_parts.of_halves, answers.of_parts.of_quarters)
        ]
        for name, interval in intervals.items():
            halves, quarters = (of.get(name) for of in parts)
            assert halves is not None, "parts have halves"
            spread = over_labels(interval, halves=halves, quarters=quarters, confidence=settings.confidence)
            metrics[name]["over_labels"] = vars(spread)
    return {
        **metrics,
        "interval_over": list(intervals_hold(num_seeds=len(answers.of_seeds), num_teachers=answers.num_teachers)),
        "num_examples": len(rows),
        "num_seeds": len(answers.of_seeds),
        "num_unparsed": sum(answer is None for predicted in answers.of_seeds for answer in predicted),
    }


def _part_scores(task_type: TaskType, tallies: Sequence[MetricTally]) -> dict[str, SeedScores]:
    if not tallies:
        return {}
    rng = np.random.default_rng(0)
    scores = seed_scores(task_type=task_type, groups=[tallies], num_resamples=NUM_RESAMPLES_OF_PARTS, rng=rng)
    return {name: found for name, (found,) in scores.items()}


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
