"""Regularised logistic regression that is drawn to a given head instead of to nothing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit, log_expit

from training.fewshot.features import Floats
from training.fewshot.frozen_head import LinearHead

MAX_ITERATIONS = 100
# Of the largest slope: a fraction of one row's.
TOLERANCE = 1e-2
# What holds a bias to its start, whatever holds the weights.
BIAS_STRENGTH = 0.3
# By which share of the loss a step must better it.
LEAST_GAIN, LEAST_GAIN_FP32 = 1e-6, 1e-5
# Of more units, as the words of texts, a slope is computed in fp32, in half the time: it is exact enough for TOLERANCE.
MOST_IN_FP64 = 1_000


@dataclass(frozen=True)
class Prior:
    """A Gaussian prior around a head; strengths, above 0, are one over its variance."""

    head: LinearHead
    strength: float
    bias_strength: float = BIAS_STRENGTH


def fit_logistic(
    *,
    features_NF: Floats,
    targets_NC: Floats,
    prior: Prior,
    exclusive: bool,
    first: LinearHead | None = None,
) -> LinearHead:
    """Fit a multinomial logistic regression, or one per label where labels do not exclude each other.

    Minimises the summed cross-entropy and `strength` / 2 times the squared distance of the weights from those of the
    prior's head, `bias_strength` / 2 times that of the bias. That head itself is returned where there are no rows.

    Parameters
    ----------
    targets_NC
        0 or 1, or soft labels.
    first
        where the search begins, e.g. a head of another strength, which is near; the prior's by default.
    """
    start = prior.head
    if not len(features_NF):
        return start
    shape = start.weights_CF.shape
    size = start.weights_CF.size
    is_fp64 = len(features_NF) <= MOST_IN_FP64
    dtype, least_gain = (np.float64, LEAST_GAIN) if is_fp64 else (np.float32, LEAST_GAIN_FP32)
    features_NF, targets_NC = features_NF.astype(dtype), targets_NC.astype(dtype)

    def loss(flat: Floats) -> tuple[float, Floats]:
        weights_CF, bias_C = flat[:size].reshape(shape), flat[size:]
        logits_NC = features_NF @ weights_CF.T.astype(dtype) + bias_C.astype(dtype)
        value, slope_NC = _cross_entropy(logits_NC, targets_NC, exclusive)
        from_start_CF, bias_from_C = weights_CF - start.weights_CF, bias_C - start.bias_C
        value += prior.strength / 2 * float((from_start_CF**2).sum())
        value += prior.bias_strength / 2 * float((bias_from_C**2).sum())
        slope = [
            slope_NC.T @ features_NF + prior.strength * from_start_CF,
            slope_NC.sum(axis=0) + prior.bias_strength * bias_from_C,
        ]
        return value, np.concatenate([part.ravel() for part in slope])

    first = first or start
    options = {"maxiter": MAX_ITERATIONS, "gtol": TOLERANCE, "ftol": least_gain}
    flat = np.concatenate([first.weights_CF.ravel(), first.bias_C])
    found = minimize(loss, flat, jac=True, method="L-BFGS-B", options=options).x
    return LinearHead(weights_CF=found[:size].reshape(shape), bias_C=found[size:])


def _cross_entropy(logits_NC: Floats, targets_NC: Floats, exclusive: bool) -> tuple[float, Floats]:
    """Return the summed loss and its slope at the logits."""
    if exclusive:
        # As SciPy's logsumexp, which takes six times as long for few rows.
        from_largest_NC = logits_NC - logits_NC.max(axis=1, keepdims=True)
        log_NC = from_largest_NC - np.log(np.exp(from_largest_NC).sum(axis=1, keepdims=True))
        # A unit of which no label is known, as a word behind a cut, has no part in it.
        slope_NC = np.exp(log_NC) * targets_NC.sum(axis=1, keepdims=True) - targets_NC
        return float(-(targets_NC * log_NC).sum()), slope_NC
    value = -(targets_NC * log_expit(logits_NC) + (1 - targets_NC) * log_expit(-logits_NC)).sum()
    return float(value), expit(logits_NC) - targets_NC
