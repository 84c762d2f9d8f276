"""How far prices come out from what was expected, by how earlier ones did: intervals that hold 80 % of the probability.

Runs: ln(actual / expected) is normal, with the conjugate prior on its mean and variance (Gelman et al., Bayesian Data
Analysis, 3.3), so that the next one is Student's t.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from math import hypot

import numpy as np
from scipy.special import stdtrit

LEVEL = 0.8
FREEDOM = 4.0
"""Runs that the prior on the spread counts as."""


@dataclass(frozen=True, kw_only=True)
class Likely:
    """An expected amount between the bounds of its interval."""

    expected: float
    low: float
    high: float

    @classmethod
    def around(cls, expected: float, *, low: float, high: float, most: float) -> "Likely":
        """An interval that holds what is expected, and ends at the most that is possible."""
        return cls(expected=expected, low=min(max(low, 0.0), expected), high=max(min(high, most), expected))


NOTHING = Likely(expected=0.0, low=0.0, high=0.0)


@dataclass(frozen=True, kw_only=True)
class RatioBelief:
    """What is believed of the next ratio of actual to expected: Student's t with this middle and scale, in ln."""

    middle: float
    scale: float
    freedom: float

    @property
    def factor(self) -> float:
        """The ratio that as many are above as below."""
        return float(np.exp(self.middle))

    @property
    def centred(self) -> "RatioBelief":
        """The same spread around what is expected, for amounts that the factor is in already."""
        return replace(self, middle=0.0)

    def likely(self, expected: float, *, most: float) -> Likely:
        """The interval of an amount of which `expected` is expected."""
        far = float(stdtrit(self.freedom, (1 + LEVEL) / 2)) * self.scale
        low, high = np.exp([self.middle - far, self.middle + far])
        return Likely.around(expected, low=expected * float(low), high=expected * float(high), most=most)


def believe(ratios: Sequence[float], *, sd: float, weight: float) -> RatioBelief:
    """Learn from ratios of actual to expected.

    Parameters: `ratios` above 0; `sd` of ln(ratio) before any is seen, with 0 as its mean; `weight`, the ratios that
        the prior on the mean counts as.
    """
    logs, number = np.log(np.asarray(ratios, dtype=np.float64)), len(ratios)
    mean = float(logs.mean()) if number else 0.0
    squares = float(((logs - mean) ** 2).sum()) + weight * number / (weight + number) * mean**2
    variance = (FREEDOM * sd**2 + squares) / (FREEDOM + number)
    return RatioBelief(
        middle=number * mean / (weight + number),
        scale=float(np.sqrt(variance * (1 + 1 / (weight + number)))),
        freedom=FREEDOM + number,
    )


def at_once(parts: Iterable[Likely]) -> Likely:
    """Amounts that are high or low together, as those of runs on one device."""
    parts = list(parts)
    return Likely(
        expected=sum(one.expected for one in parts),
        low=sum(one.low for one in parts),
        high=sum(one.high for one in parts),
    )


def apart(one: Likely, other: Likely) -> Likely:
    """The sum of two amounts that know nothing of each other."""
    expected = one.expected + other.expected
    return Likely(
        expected=expected,
        low=expected - hypot(one.expected - one.low, other.expected - other.low),
        high=expected + hypot(one.high - one.expected, other.high - other.expected),
    )
