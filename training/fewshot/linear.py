"""Regularised logistic regression that is drawn to a given head instead of to nothing."""

from __future__ import annotations

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
# Of more units, as the words of texts, a slope is computed in fp32, in half the time: it is exact enough for TOLERANCE.
MOST_IN_FP64 = 1_000


def fit_logistic(
    *,
    features_NF: Floats,
    targets_NC: Floats,
    start: LinearHead,
    strength: float,
    exclusive: bool,
    bias_strength: float = BIAS_STRENGTH,
) -> LinearHead:
    """Fit a multinomial logistic regression, or one per label where labels do not exclude each other.

    Minimises the summed cross-entropy and `strength` / 2 times the squared distance of the weights from those of
    `start`, `bias_strength` / 2 times that of the bias: a Gaussian prior around it. `start` itself is returned where
    there are no rows.

    Parameters
    ----------
    targets_NC
        0 or 1, or soft labels.
    strength, bias_strength
        above 0.
    """
    if not len(features_NF):
        return start
    shape = start.weights_CF.shape
    size = start.weights_CF.size
    dtype = np.float64 if len(features_NF) <= MOST_IN_FP64 else np.float32
    features_NF, targets_NC = features_NF.astype(dtype), targets_NC.astype(dtype)

    def loss(flat: Floats) -> tuple[float, Floats]:
        weights_CF, bias_C = flat[:size].reshape(shape), flat[size:]
        logits_NC = features_NF @ weights_CF.T.astype(dtype) + bias_C.astype(dtype)
        value, slope_NC = _cross_entropy(logits_NC, targets_NC, exclusive)
        from_start_CF, bias_from_C = weights_CF - start.weights_CF, bias_C - start.bias_C
        value += strength / 2 * float((from_start_CF**2).sum()) + bias_strength / 2 * float((bias_from_C**2).sum())
        slope = [
            slope_NC.T @ features_NF + strength * from_start_CF,
            slope_NC.sum(axis=0) + bias_strength * bias_from_C,
        ]
        return value, np.concatenate([part.ravel() for part in slope])

    first = np.concatenate([start.weights_CF.ravel(), start.bias_C])
    found = minimize(
        loss, first, jac=True, method="L-BFGS-B", options={"maxiter": MAX_ITERATIONS, "gtol": TOLERANCE, "ftol": 1e-6}
    ).x
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
