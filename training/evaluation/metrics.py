"""How good a student or teacher is, with intervals, and answers that need no training for comparison."""

from collections.abc import Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

import numpy as np
import numpy.typing as npt

from training.answers import BaselineAnswers, Floats, MetricTally, Rows, resamples
from training.spec import EvaluationSettings
from training.tasks import TaskType


@dataclass(frozen=True, kw_only=True)
class Interval:
    """A metric with its percentile interval."""

    value: float
    low: float
    high: float


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
    """Score each seed's predictions on a split, with bootstrap intervals over examples and over seeds.

    Returns: per metric value (the mean over seeds), low and high, 0 to 1; num_examples, num_seeds and num_unparsed.
    """
    tallies = [task_type.tally(rows=rows, predicted=answers, labels=labels) for answers in predicted]
    intervals = bootstrap(task_type=task_type, tallies=tallies, settings=settings, seed=seed)
    metrics = {name: vars(interval) for name, interval in intervals.items()}
    num_unparsed = sum(answer is None for answers in predicted for answer in answers)
    return {**metrics, "num_examples": len(rows), "num_seeds": len(predicted), "num_unparsed": num_unparsed}


def bootstrap(
    *, task_type: TaskType, tallies: Sequence[MetricTally], settings: EvaluationSettings, seed: int
) -> dict[str, Interval]:
    """Return, per metric, the mean over seeds, and a percentile bootstrap interval over examples and seeds.

    Efron and Tibshirani, "An Introduction to the Bootstrap", 1993, chapter 13: examples are drawn with replacement, and
    the interval is cut from the metric's distribution over the draws. Of several seeds, each draw takes as many with
    replacement, and the mean of their metrics on the same examples.
    """
    rng = np.random.default_rng(seed)
    blocks: list[dict[str, Floats]] = []
    for weights_RN in resamples(rng=rng, num_examples=tallies[0].num_examples, count=settings.num_resamples):
        scores = [task_type.score(totals_RK=tally.totals(weights_RN)) for tally in tallies]
        drawn_RS = rng.integers(len(tallies), size=(len(weights_RN), len(tallies)))
        blocks.append(_mean_of_drawn(scores, drawn_RS))
    draws = {name: np.concatenate([block[name] for block in blocks]) for name in blocks[0]}
    values = [task_type.score(totals_RK=tally.totals()) for tally in tallies]
    tail = (1 - settings.confidence) / 2
    return {
        name: Interval(
            value=float(np.mean([value[name][0] for value in values])),
            low=float(np.quantile(drawn, tail)),
            high=float(np.quantile(drawn, 1 - tail)),
        )
        for name, drawn in draws.items()
    }


def _mean_of_drawn(scores: Sequence[dict[str, Floats]], drawn_RS: npt.NDArray[np.int64]) -> dict[str, Floats]:
    """Average, in each resample, the scores of the seeds that it drew."""
    resamples = np.arange(len(drawn_RS))[:, None]
    return {
        name: np.stack([of_seed[name] for of_seed in scores], axis=1)[resamples, drawn_RS].mean(axis=1)
        for name in scores[0]
    }


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
