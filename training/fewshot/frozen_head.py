"""A linear head on centred units of a frozen checkpoint: what every few-label recipe gives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize_scalar
from scipy.special import expit, log_expit, log_softmax, softmax

from training.fewshot.features import Floats, centred_units, pair_features
from training.learners import TagTransitions

# Softer or sharper than this no fit of a few labels may be.
COOLEST, HOTTEST = 0.05, 20.0


@dataclass(frozen=True, kw_only=True)
class LinearHead:
    """Weights (C, F) and bias (C,) on features."""

    weights_CF: Floats
    bias_C: Floats

    def logits(self, features_NF: Floats) -> Floats:
        """Return the logits (N, C)."""
        logits_NC: Floats = features_NF @ self.weights_CF.T + self.bias_C
        return logits_NC

    def over(self, temperature: float) -> LinearHead:
        """Return the head whose logits are these over a temperature."""
        return LinearHead(weights_CF=self.weights_CF / temperature, bias_C=self.bias_C / temperature)

    @classmethod
    def mean(cls, heads: Sequence[LinearHead]) -> LinearHead:
        """Return the head whose logits are the mean of others'."""
        return cls(
            weights_CF=np.mean([head.weights_CF for head in heads], axis=0),
            bias_C=np.mean([head.bias_C for head in heads], axis=0),
        )


@dataclass(frozen=True, kw_only=True)
class FrozenHead:
    """A linear head with all that it needs beside a checkpoint's vectors.

    `centre_H` is taken from each vector before it is scaled to length 1. Of pairs, F is 4 H: see pair_features. The
    probabilities are those of the logits over `temperature`; `exclusive` says whether exactly one label applies. Tags
    are found by `transitions`, too, where it has some.
    """

    linear: LinearHead
    centre_H: Floats
    temperature: float = 1.0
    exclusive: bool = True
    transitions: TagTransitions | None = None

    def features(
        self, vectors_NH: npt.NDArray[np.floating], second_NH: npt.NDArray[np.floating] | None = None
    ) -> Floats:
        """Turn a checkpoint's vectors, of a pair those of both texts, into features (N, F)."""
        first = centred_units(vectors_NH, centre_H=self.centre_H)
        return first if second_NH is None else pair_features(first, centred_units(second_NH, centre_H=self.centre_H))

    def logits(self, vectors_NH: npt.NDArray[np.floating], second_NH: npt.NDArray[np.floating] | None = None) -> Floats:
        """Return logits (N, C), over the temperature, of a checkpoint's vectors."""
        return self.linear.logits(self.features(vectors_NH, second_NH)) / self.temperature

    def probabilities(
        self, vectors_NH: npt.NDArray[np.floating], second_NH: npt.NDArray[np.floating] | None = None
    ) -> Floats:
        """Return probabilities (N, C): of rows that sum to 1 where labels exclude each other, else label by label."""
        return probabilities(self.logits(vectors_NH, second_NH), exclusive=self.exclusive)

    def folded(self, *, unit_length: float = 1.0) -> FrozenHead:
        """Return the same head at temperature 1, for features of units that are scaled to a length.

        Products of two units grow with its square, all other features with itself.
        """
        scale_F = np.full(self.linear.weights_CF.shape[1], unit_length)
        if len(scale_F) == 4 * len(self.centre_H):
            scale_F[3 * len(self.centre_H) :] = unit_length**2
        linear = LinearHead(
            weights_CF=self.linear.weights_CF / scale_F / self.temperature,
            bias_C=self.linear.bias_C / self.temperature,
        )
        return replace(self, linear=linear, temperature=1.0)


def probabilities(logits_NC: Floats, *, exclusive: bool) -> Floats:
    """Return the softmax over labels that exclude each other, else each label's own probability, (N, C)."""
    found: Floats = softmax(logits_NC, axis=1) if exclusive else expit(logits_NC)
    return found


def negative_log_likelihood(logits_NC: Floats, targets_NC: Floats, *, exclusive: bool) -> float:
    """Return how unlikely targets are under logits, in nats, summed over rows."""
    if exclusive:
        return float(-(targets_NC * log_softmax(logits_NC, axis=1)).sum())
    return float(-(targets_NC * log_expit(logits_NC) + (1 - targets_NC) * log_expit(-logits_NC)).sum())


def fitted_temperature(logits_NC: Floats, targets_NC: Floats, *, exclusive: bool) -> float:
    """Return the temperature under which targets are likeliest.

    After Guo et al., "On Calibration of Modern Neural Networks", 2017.

    Parameters
    ----------
    logits_NC
        of rows that the head was not fitted to; 1.0 is returned for none.
    """
    if not len(logits_NC):
        return 1.0

    def loss(log_temperature: float) -> float:
        return negative_log_likelihood(logits_NC / np.exp(log_temperature), targets_NC, exclusive=exclusive)

    found = minimize_scalar(loss, bounds=(np.log(COOLEST), np.log(HOTTEST)), method="bounded")
    return float(np.exp(found.x))
