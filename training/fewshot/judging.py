"""How good heads are on labelled rows, by the study's metric, and how surely one is better than another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from training.answers import Floats, MetricTally, Rows
from training.data import UNSEEN, ModelOutputs
from training.learners import learner_of
from training.tasks import TaskType

NUM_RESAMPLES = 200


def as_outputs(logits_UC: Floats, *, bounds: npt.NDArray[np.int64], seen_U: npt.NDArray[np.bool_]) -> ModelOutputs:
    """Return logits as a student's or teacher's outputs are: UNSEEN for units that it does not see."""
    values_UC = np.where(seen_U[:, None], logits_UC, UNSEEN).astype(np.float32)
    return ModelOutputs(values_UC=values_UC, bounds=bounds)


@dataclass(frozen=True, kw_only=True)
class Judge:
    """Labelled rows, their units' `bounds` (N + 1,), which of these the encoder sees, and the metric."""

    task_type: TaskType
    rows: Rows
    labels: Sequence[str]
    metric: str
    bounds: npt.NDArray[np.int64]
    seen_U: npt.NDArray[np.bool_]

    def tally(self, logits_UC: Floats) -> MetricTally:
        """Count, per row, what the metric needs."""
        outputs = as_outputs(logits_UC, bounds=self.bounds, seen_U=self.seen_U)
        predicted = learner_of(self.task_type).decode(outputs=outputs, rows=self.rows, labels=self.labels)
        return self.task_type.tally(rows=self.rows, predicted=predicted, labels=self.labels)

    def scores(self, tallies: Sequence[MetricTally]) -> Floats:
        """Return each head's metric, 0 to 1."""
        return scores_of(task_type=self.task_type, metric=self.metric, tallies=tallies)

    def errors(self, tallies: Sequence[MetricTally], *, best: int, seed: int) -> Floats:
        """Return the standard error of each head's difference to the best one, both on the same rows."""
        return errors_of(task_type=self.task_type, metric=self.metric, tallies=tallies, best=best, seed=seed)


def scores_of(*, task_type: TaskType, metric: str, tallies: Sequence[MetricTally]) -> Floats:
    """Return the metric of each tally, 0 to 1."""
    return np.array([task_type.score(totals_RK=tally.totals())[metric][0] for tally in tallies])


def errors_of(*, task_type: TaskType, metric: str, tallies: Sequence[MetricTally], best: int, seed: int) -> Floats:
    """Return the standard error of the difference of each metric to the best one, all on the same rows.

    By the bootstrap (Efron and Tibshirani, "An Introduction to the Bootstrap", 1993, chapter 6).
    """
    num_rows = tallies[0].num_examples
    rng = np.random.default_rng(seed)
    weights_RN = rng.multinomial(num_rows, np.full(num_rows, 1 / num_rows), size=NUM_RESAMPLES)
    drawn = [task_type.score(totals_RK=tally.totals(weights_RN))[metric] for tally in tallies]
    return np.array([float((one - drawn[best]).std()) for one in drawn])
