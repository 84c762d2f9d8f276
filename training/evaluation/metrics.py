"""How good a student or teacher is, with intervals, beside answers that need no training."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from training.answers import Baseline, Floats, Rows, Tally
from training.compute import Compute, halves_of
from training.data import UNSEEN, EncodedRows, Outputs, collate, scoring_batches
from training.evaluation.generation import write_answers
from training.models import TextToText
from training.runtime import StopFlag
from training.spec import EvaluationSettings
from training.tasks import TaskType

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
) -> Outputs:
    """Run a model over rows, in batches of similar length; one that writes its answers is read back.

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
    Its outputs, fp32, in the order of the rows; UNSEEN for units that it does not see.

    Raises
    ------
    StopRequested: asked to stop.
    MemoryTooSmall: one row at a time does not fit; batches that do not are cut in two.
    """
    if isinstance(model, TextToText):
        return write_answers(model=model, rows=rows, compute=compute, stop=stop, on_rows=on_rows).outputs
    model.eval()
    values_UC: Tensor | None = None
    with torch.inference_mode(), compute.autocast():
        waiting = scoring_batches(rows.lengths, num_tokens=compute.tokens_per_scoring_batch)[::-1]
        while waiting:
            stop.raise_if_requested()
            indices = waiting.pop()
            try:
                logits = model(collate(rows=rows, indices=indices, device=compute.device)).float().cpu()
            except RuntimeError as error:
                waiting += halves_of(indices, error=error, compute=compute)
                continue
            if values_UC is None:
                values_UC = torch.full((len(rows.units.seen_U), logits.shape[1]), UNSEEN)
            values_UC[rows.units.of(torch.from_numpy(indices))] = logits
            if on_rows is not None:
                on_rows(len(indices))
    assert values_UC is not None
    return Outputs(values_UC=values_UC.numpy(), bounds=rows.units.bounds())


def dev_metric(
    *, task_type: TaskType, rows: Rows, predicted: Sequence[str | None], labels: Sequence[str], metric: str
) -> float:
    """Return one metric over all rows, without an interval; arguments as in split_metrics."""
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
    """Score predictions on a split with bootstrap intervals over its examples, and over seeds where there are some.

    Parameters
    ----------
    task_type
        knows the metrics.
    rows
        N rows with gold answers.
    predicted
        for each training seed N answers; None is unparsed and counts as wrong.
    labels
        the study's labels.
    settings
        number of resamples and confidence (0 to 1).
    seed
        of the resampling.

    Returns
    -------
    Per metric value (the mean over seeds), low and high (0 to 1), and num_examples, num_seeds and num_unparsed (of all
    seeds).
    """
    tallies = [task_type.tally(rows=rows, predicted=answers, labels=labels) for answers in predicted]
    intervals = bootstrap(task_type=task_type, tallies=tallies, settings=settings, seed=seed)
    metrics = {name: vars(interval) for name, interval in intervals.items()}
    num_unparsed = sum(answer is None for answers in predicted for answer in answers)
    return {**metrics, "num_examples": len(rows), "num_seeds": len(predicted), "num_unparsed": num_unparsed}


def bootstrap(
    *, task_type: TaskType, tallies: Sequence[Tally], settings: EvaluationSettings, seed: int
) -> dict[str, Interval]:
    """Percentile bootstrap over examples and seeds.

    Efron and Tibshirani, "An Introduction to the Bootstrap", 1993, chapter 13: examples are drawn with
    replacement, and the interval is cut from the metric's distribution over the draws. Where there are several seeds,
    each draw takes as many of them with replacement, and the mean of their metrics on the same examples.

    Parameters
    ----------
    task_type
        turns summed tallies into metrics.
    tallies
        for each training seed counts per example, of the same examples.
    settings
        number of resamples and confidence (0 to 1).
    seed
        0 or more; the same seed gives the same interval.

    Returns
    -------
    Per metric its mean over seeds on all examples, and its interval.
    """
    rng = np.random.default_rng(seed)
    num_examples = tallies[0].num_examples
    even = np.full(num_examples, 1 / num_examples)
    blocks: list[dict[str, Floats]] = []
    for start in range(0, settings.num_resamples, RESAMPLES_PER_BLOCK):
        size = min(RESAMPLES_PER_BLOCK, settings.num_resamples - start)
        weights_RN = rng.multinomial(num_examples, even, size=size)
        scores = [task_type.score(totals_RK=tally.totals(weights_RN)) for tally in tallies]
        drawn_RS = rng.integers(len(tallies), size=(size, len(tallies)))
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
    """Score answers that need no training.

    Parameters
    ----------
    task_type
        knows which there are, and the metric.
    train
        training rows with gold answers.
    test
        rows with gold answers.
    labels
        the study's labels.
    metric
        the study's metric.

    Returns
    -------
    Per baseline what it answers and its value, 0 to 1; `constant` is the best by the metric of all that answer alike.
    """

    def scored(baseline: Baseline) -> dict[str, Any]:
        value = dev_metric(task_type=task_type, rows=test, predicted=baseline.predicted, labels=labels, metric=metric)
        return {"label": baseline.label, "value": value}

    constants = [scored(baseline) for baseline in task_type.constants(test=test, labels=labels)]
    found = task_type.baselines(train=train, test=test, labels=labels)
    values = {name: scored(baseline) for name, baseline in found.items()}
    return {"majority": values.pop("majority"), "constant": max(constants, key=itemgetter("value")), **values}
