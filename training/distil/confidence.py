"""A teacher's confidence and accuracy on dev, and the confidence from which its pseudo-labels are worth most."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

# Of a normal distribution, for a one-sided bound at 95 %.
Z_ONE_SIDED = 1.6448536269514722


@dataclass(frozen=True, kw_only=True)
class Threshold:
    """A least confidence; of the rows of dev that have it: share, mean accuracy, its lower 95 % bound (0 to 1)."""

    confidence: float
    share: float
    accuracy: float
    accuracy_low: float

    def payload(self) -> dict[str, float]:
        return asdict(self)


@dataclass(frozen=True, kw_only=True)
class DevConfidence:
    """A calibrated teacher's confidence in the N rows of dev, and the share of each row's decisions that was right."""

    temperature: float
    threshold: Threshold
    confidence_N: Floats
    accuracy_N: Floats

    def at(self, confidence: float) -> Threshold:
        """Say what dev tells of rows with at least this confidence; an accuracy of 0 where none has it."""
        passing_N = self.confidence_N >= confidence
        count = int(passing_N.sum())
        accuracy = float(self.accuracy_N[passing_N].mean()) if count else 0.0
        return Threshold(
            confidence=confidence,
            share=count / len(self.confidence_N),
            accuracy=accuracy,
            accuracy_low=wilson_low(accuracy, count) if count else 0.0,
        )

    def payload(self) -> dict[str, Any]:
        return {
            "temperature": self.temperature,
            "threshold": self.threshold.payload(),
            "confidence": self.confidence_N.tolist(),
            "accuracy": self.accuracy_N.tolist(),
        }

    @classmethod
    def from_payload(cls, payload: Mapping[str, Any]) -> Self:
        return cls(
            temperature=payload["temperature"],
            threshold=Threshold(**payload["threshold"]),
            confidence_N=np.array(payload["confidence"], dtype=np.float64),
            accuracy_N=np.array(payload["accuracy"], dtype=np.float64),
        )


def best_threshold(*, confidence_N: Floats, accuracy_N: Floats, num_choices: int) -> Threshold:
    """Choose, of dev's own confidences, the least one at which the rows that pass are worth most to a student.

    m examples of which a share e is wrong teach about as much as m (1 - 2 e)² right ones (Angluin and Laird, "Learning
    From Noisy Examples", 1988; Zhou and Li, "Tri-Training", 2005, choose pseudo-labels by it). A wrong answer among K
    tells less than one of two: 1 - 2 e becomes (a - 1 / K) / (1 - 1 / K), where a is the accuracy. Its lower bound is
    used, so that a few lucky rows of a small dev do not raise the threshold.
    """
    order = np.argsort(-confidence_N, kind="stable")
    sorted_N = confidence_N[order]
    # Rows of equal confidence pass together.
    last_N = np.append(sorted_N[1:] != sorted_N[:-1], True)
    passing = np.flatnonzero(last_N) + 1
    accuracy = np.cumsum(accuracy_N[order])[passing - 1] / passing
    low = np.array([wilson_low(a, int(n)) for a, n in zip(accuracy, passing, strict=True)])
    chance = 1 / num_choices
    worth = passing * np.maximum(0.0, (low - chance) / (1 - chance)) ** 2
    best = len(worth) - 1 - int(np.argmax(worth[::-1]))
    return Threshold(
        confidence=float(sorted_N[passing[best] - 1]),
        share=float(passing[best] / len(sorted_N)),
        accuracy=float(accuracy[best]),
        accuracy_low=float(low[best]),
    )


def wilson_low(share: float, count: int) -> float:
    """Return the lower one-sided 95 % bound of a share found in `count` rows.

    Wilson, "Probable Inference, the Law of Succession, and Statistical Inference", 1927; by hand, since scipy's takes
    whole counts, and a row may be right in part. The bound is then lower than need be, never higher.
    """
    squared = Z_ONE_SIDED**2
    middle = share + squared / (2 * count)
    spread = Z_ONE_SIDED * math.sqrt(share * (1 - share) / count + squared / (4 * count**2))
    return max(0.0, (middle - spread) / (1 + squared / count))
