"""How confident a teacher may be: one temperature, fitted on dev, and the calibration it gives.

A decision is a choice among K: a row's label, whether one label applies, a word's tag. Shapes: N rows, U units of them,
C outputs per unit, D decisions, K choices, B bins.
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from training.data import ModelOutputs, TopOutputs, tail_at
from training.learners import learner_of
from training.losses import IGNORED
from training.tasks import TaskType

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]

NUM_BINS = 15
# A teacher that is always right on dev would be calibrated by any small temperature.
LEAST_TEMPERATURE, MOST_TEMPERATURE = 0.05, 20.0
# Decisions are looked at in blocks, so that memory does not grow with a pool.
DECISIONS_PER_BLOCK = 1 << 16


@dataclass(frozen=True, kw_only=True)
class Decisions:
    """D decisions about N rows: logits, the row of each, and the gold choice where it is known.

    Where only the likeliest of many choices are kept, `tails_DG` says what the others sum to.
    """

    logits_DK: npt.NDArray[np.float32]
    row_D: Indices
    num_rows: int
    target_D: Indices | None = None
    tails_DG: npt.NDArray[np.float32] | None = None


@dataclass(frozen=True, kw_only=True)
class CalibrationBin:
    """The decisions whose confidence is above `low` and at most `high`: their number, and means of 0 to 1."""

    low: float
    high: float
    count: int
    confidence: float
    accuracy: float


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """A teacher's confidence against its accuracy on dev, before and after its temperature.

    NLL is the mean negative log-likelihood of gold in nats, ECE the expected calibration error, 0 to 1.
    """

    temperature: float
    num_examples: int
    num_decisions: int
    accuracy: float
    nll_before: float
    nll_after: float
    ece_before: float
    ece_after: float
    bins_before: tuple[CalibrationBin, ...]
    bins: tuple[CalibrationBin, ...]

    def payload(self) -> dict[str, Any]:
        return asdict(self)


def decisions_of(
    *, task_type: TaskType, outputs: ModelOutputs | TopOutputs, target: npt.NDArray[Any] | None = None
) -> Decisions:
    """Turn outputs into decisions, without what is unseen, not finite or, given TaskLearner.targets, has no gold."""
    if isinstance(outputs, TopOutputs):
        assert target is None, "gold may be among those that are not kept"
        kept_N = outputs.answered_N
        return Decisions(
            logits_DK=outputs.top_log_probs_NK[kept_N],
            row_D=np.flatnonzero(kept_N),
            num_rows=len(outputs),
            tails_DG=outputs.tails_NG[kept_N],
        )
    logits_DK = learner_of(task_type).choices(outputs.values_UC)
    per_unit = len(logits_DK) // max(1, len(outputs.values_UC))
    row_U = np.repeat(np.arange(len(outputs)), np.diff(outputs.bounds))
    kept_D = np.atleast_1d(np.isfinite(logits_DK).all(axis=1))
    target_D = None if target is None else target.reshape(-1).astype(np.int64)
    if target_D is not None:
        kept_D &= target_D != IGNORED
    return Decisions(
        logits_DK=logits_DK[kept_D],
        row_D=np.repeat(row_U, per_unit)[kept_D],
        num_rows=len(outputs),
        target_D=None if target_D is None else target_D[kept_D],
    )


def calibrate(decisions: Decisions) -> Calibration:
    """Fit the one temperature that makes gold likeliest, and compare confidence with accuracy in bins.

    Guo, Pleiss, Sun and Weinberger, "On Calibration of Modern Neural Networks", 2017: section 2 (reliability diagrams,
    15 bins of even width) and section 4.2 (temperature scaling). It changes no decision. There must be at least one.
    """
    target_D = decisions.target_D
    assert target_D is not None and len(target_D)
    right_D = decisions.logits_DK.argmax(axis=1) == target_D
    temperature = fit_temperature(decisions)
    before_D, after_D = (np.exp(log_confidence(decisions, temperature=t)) for t in (1.0, temperature))
    bins_before, bins = (reliability(confidence_D=found, right_D=right_D) for found in (before_D, after_D))
    return Calibration(
        temperature=temperature,
        num_examples=len(np.unique(decisions.row_D)),
        num_decisions=len(target_D),
        accuracy=float(right_D.mean()),
        nll_before=_nll(decisions, 1.0),
        nll_after=_nll(decisions, temperature),
        ece_before=expected_calibration_error(bins_before),
        ece_after=expected_calibration_error(bins),
        bins_before=bins_before,
        bins=bins,
    )


def fit_temperature(decisions: Decisions) -> float:
    """Return the temperature of the least negative log-likelihood of gold, or a bound where it still falls there.

    The likelihood is convex in 1 / T, so that the zero of its slope is the minimum.
    """
    # Imported here: of all runs only a calibration needs scipy, whose import takes half a second.
    from scipy.optimize import brentq

    low, high = np.log(LEAST_TEMPERATURE), np.log(MOST_TEMPERATURE)

    def slope(log_temperature: float) -> float:
        return _slope(decisions, float(np.exp(log_temperature)))

    # A slope above 0 in 1 / T: the teacher is more confident than it is right, and T is to rise.
    if slope(low) <= 0:
        return LEAST_TEMPERATURE
    if slope(high) > 0:
        return MOST_TEMPERATURE
    return float(np.exp(brentq(slope, low, high, xtol=1e-12)))


def log_confidence(decisions: Decisions, *, temperature: float) -> Floats:
    """Return the log-probability of each decision's choice at a temperature, (D,)."""
    sums = [_weights(block, temperature).sum(axis=1) for block in _blocks(decisions.logits_DK)]
    sum_D = np.concatenate([np.zeros(0), *sums])
    if decisions.tails_DG is not None:
        tail_D = tail_at(tails_UG=decisions.tails_DG, temperature=temperature).astype(np.float64)
        sum_D += np.exp(tail_D - decisions.logits_DK.max(axis=1) / temperature)
    log_D: Floats = -np.log(sum_D)
    return log_D


def row_confidence(decisions: Decisions, *, temperature: float) -> Floats:
    """Return the confidence in each row, (N,): the geometric mean of its decisions' probabilities; 0 without any.

    A mean, so that a long text is not penalised for its length (Shen, Yun, Lipton, Kronrod and Anandkumar, "Deep Active
    Learning for Named Entity Recognition", 2018, maximum normalised log-probability).
    """
    count_N = np.bincount(decisions.row_D, minlength=decisions.num_rows)
    log_D = log_confidence(decisions, temperature=temperature)
    sum_N = np.bincount(decisions.row_D, weights=log_D, minlength=decisions.num_rows)
    return np.where(count_N > 0, np.exp(sum_N / np.maximum(count_N, 1)), 0.0)


def row_accuracy(decisions: Decisions) -> Floats:
    """Return the share of each row's decisions that are right, (N,); 0 for a row without a decision."""
    assert decisions.target_D is not None
    right_D = decisions.logits_DK.argmax(axis=1) == decisions.target_D
    count_N = np.bincount(decisions.row_D, minlength=decisions.num_rows)
    hits_N = np.bincount(decisions.row_D, weights=right_D, minlength=decisions.num_rows)
    share_N: Floats = hits_N / np.maximum(count_N, 1)
    return share_N


def reliability(*, confidence_D: Floats, right_D: npt.NDArray[np.bool_]) -> tuple[CalibrationBin, ...]:
    """Put decisions into bins of even width by their confidence (0 to 1), in rising order; empty bins are left out."""
    place_D = np.clip(np.ceil(confidence_D * NUM_BINS).astype(np.int64) - 1, 0, NUM_BINS - 1)
    count_B = np.bincount(place_D, minlength=NUM_BINS)
    confidence_B = np.bincount(place_D, weights=confidence_D, minlength=NUM_BINS) / np.maximum(count_B, 1)
    accuracy_B = np.bincount(place_D, weights=right_D, minlength=NUM_BINS) / np.maximum(count_B, 1)
    return tuple(
        CalibrationBin(
            low=round(place / NUM_BINS, 6),
            high=round((place + 1) / NUM_BINS, 6),
            count=int(count_B[place]),
            confidence=float(confidence_B[place]),
            accuracy=float(accuracy_B[place]),
        )
        for place in np.flatnonzero(count_B).tolist()
    )


def expected_calibration_error(bins: tuple[CalibrationBin, ...]) -> float:
    """Return the mean distance between confidence and accuracy over all decisions, 0 to 1."""
    total = sum(one.count for one in bins)
    return sum(one.count * abs(one.confidence - one.accuracy) for one in bins) / max(1, total)


def _blocks(logits_DK: npt.NDArray[np.float32]) -> Iterator[Floats]:
    rows = max(1, DECISIONS_PER_BLOCK // max(1, logits_DK.shape[1]))
    for start in range(0, len(logits_DK), rows):
        yield logits_DK[start : start + rows].astype(np.float64)


def _weights(block_DK: Floats, temperature: float) -> Floats:
    """Return each choice's probability as a share of the likeliest one's."""
    weights_DK: Floats = np.exp((block_DK - block_DK.max(axis=1, keepdims=True)) / temperature)
    return weights_DK


def _gold(decisions: Decisions) -> Iterator[tuple[Floats, Indices]]:
    assert decisions.target_D is not None
    start = 0
    for block_DK in _blocks(decisions.logits_DK):
        yield block_DK, decisions.target_D[start : start + len(block_DK)]
        start += len(block_DK)


def _nll(decisions: Decisions, temperature: float) -> float:
    total = 0.0
    for block_DK, target_D in _gold(decisions):
        behind_D = block_DK.max(axis=1) - block_DK[np.arange(len(target_D)), target_D]
        total += float((np.log(_weights(block_DK, temperature).sum(axis=1)) + behind_D / temperature).sum())
    return total / len(decisions.row_D)


def _slope(decisions: Decisions, temperature: float) -> float:
    """Return the slope of the summed negative log-likelihood in 1 / T: expected less gold logits."""
    total = 0.0
    for block_DK, target_D in _gold(decisions):
        weights_DK = _weights(block_DK, temperature)
        expected_D = (weights_DK * block_DK).sum(axis=1) / weights_DK.sum(axis=1)
        total += float((expected_D - block_DK[np.arange(len(target_D)), target_D]).sum())
    return total
