"""What people find who verify the labels of a language model that it is least sure of.

Of a model's labels a share e is wrong, and people verify a share v of all, those of the least confidence first. With y
the share of the errors among them, and y^t that of the right labels, all that they verify is

    e y + (1 - e) y^t = v,  t = (1 + q) / (1 - q)

(Lehmann's family of ROC curves: Gönen and Heller, Medical Decision Making 30, 2010). q is the accuracy ratio of its
confidence (Engelmann, Hayden and Tasche, Testing rating accuracy, Risk 16, 2003): 2 AUC - 1, where AUC is the chance
that it is less sure of an error than of a right label. At 0 the order is random and people find v of the errors; at 1
all of them come first, and people find v / e of them until none is left. Of the labels that nobody verified,

    e (1 - y) / (1 - v)

are wrong, so that of all that the model gave a + (1 - a) y are right, a before; those that people verified are taken to
be as good as any of theirs. Those are the least sure of what was there when they were chosen; where the model gave more
afterwards, v is of the former alone, and of the latter a are right. People who verify again, then the least sure of
both, start with the later ones until v is the same of these: up to there, v is kept and is of more and more labels.

Without the model's other labels those verified are no random sample of what was there. As many taken at random would
have a share v of them among them, so that 1 - v of them are there only as they were chosen: the total variation
distance between the two. With v = 1 all were taken, and nothing was chosen.
q is not known: it has a beta belief, and errors in an audit tell which values are likely. Of m right labels there, the
chance that the model is less sure of just k of them than of an error is F((k + 1) / (m + 1)) - F(k / (m + 1)), with
F(x) = x^(1/t).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from itertools import groupby
from typing import Self

import numpy as np

from planning.surfaces import Floats

PRIOR_SURE, PRIOR_RANDOM = 2.0, 4.0
"""Beta belief of q before any error is seen: a third, with 80 % between 0.1 and 0.6, an AUC of 0.55 to 0.8.

About what is published of the probabilities that language models give their answers (Xiong et al., Can LLMs express
their uncertainty?, ICLR 2024).
"""
GRID = 500
HALVINGS = 40


@dataclass(frozen=True, kw_only=True)
class LabelOrder:
    """What is believed of how well a model's confidence tells its errors.

    `errors`: how many an audit found between each two of its right labels, in the order of sureness, and at both ends.
    """

    errors: tuple[float, ...] = ()

    @classmethod
    def of(cls, *, wrong: Sequence[float], right: Sequence[float]) -> Self:
        """Learn from the confidences of audited labels; an error as sure as right ones is shared among their places."""
        sure, errors = np.sort(right), np.zeros(len(right) + 1)
        for one in wrong:
            first, last = np.searchsorted(sure, one, side="left"), np.searchsorted(sure, one, side="right")
            errors[first : last + 1] += 1 / (last + 1 - first)
        return cls(errors=tuple(map(float, errors)) if wrong and right else ())

    @property
    def num_errors(self) -> int:
        """How many errors it was learned from."""
        return round(sum(self.errors))

    @property
    def mean(self) -> float:
        """The expected q."""
        qualities, weights = self._posterior
        return float(qualities @ weights)

    def quantiles(self, levels: Floats) -> Floats:
        """Values of q below which it is with these chances."""
        qualities, weights = self._posterior
        found: Floats = np.interp(levels, np.cumsum(weights), qualities)
        return found

    def draw(self, random: np.random.Generator, size: int) -> Floats:
        """Draw values of q."""
        return self.quantiles(random.random(size))

    @cached_property
    def _posterior(self) -> tuple[Floats, Floats]:
        """Values of q on a grid, and how likely each is."""
        qualities = (np.arange(GRID) + 0.5) / GRID
        logs = (PRIOR_SURE - 1) * np.log(qualities) + (PRIOR_RANDOM - 1) * np.log1p(-qualities)
        places = np.arange(len(self.errors) + 1)[:, None] / max(len(self.errors), 1)
        chances = np.diff(places ** ((1 - qualities) / (1 + qualities)), axis=0)
        logs = logs + np.array(self.errors) @ np.log(chances)
        weights = np.exp(logs - logs.max())
        return qualities, weights / weights.sum()


def errors_found(*, share: Floats, error: Floats, quality: Floats) -> Floats:
    """The share y of the errors that are among the least sure labels.

    Parameters: `share` (v) of all labels that are verified and `error` (e) of them that are wrong, 0 to 1; `quality`
        (q) of the order, 0 to below 1. Arrays of shapes that go together.
    """
    share, error, quality = np.broadcast_arrays(share, error, quality)
    steepness = (1 + quality) / (1 - quality)
    low, high = np.zeros(share.shape), np.ones(share.shape)
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        is_more = error * middle + (1 - error) * middle**steepness > share
        low, high = np.where(is_more, low, middle), np.where(is_more, middle, high)
    found: Floats = np.where(share >= 1, 1.0, np.where(share <= 0, 0.0, (low + high) / 2))
    return found


def accuracy_left(*, accuracy: Floats, share: Floats, quality: Floats) -> Floats:
    """The share that is right of the labels that nobody verified; `accuracy` is that of all before. See above."""
    found = errors_found(share=share, error=1 - accuracy, quality=quality)
    left: Floats = 1 - (1 - accuracy) * (1 - found) / np.maximum(1 - share, 1e-9)
    return left


def num_compared(*, before: int, verified: int, more: int, there: int) -> int:
    """Of how many labels those that people verified are the least sure, once they verified `more`.

    Parameters: `before`, of how many the first `verified` are; `there` are in all.
    """
    return min(round(before * (verified + more) / verified), there) if verified else there


@dataclass(frozen=True, kw_only=True)
class LeastSure:
    """Verified labels that are the least sure of `num_compared`, themselves included; `num_later` were given later."""

    verified: frozenset[int] = frozenset()
    num_compared: int = 0
    num_later: int = 0

    @property
    def num_not_by_chance(self) -> int:
        """How many would not be among as many that are taken at random: the mean. See above."""
        number = len(self.verified)
        return round(number * (1 - number / self.num_compared)) if number else 0


def least_sure(*, verified_at: Mapping[int, datetime], given_at: Mapping[int, datetime]) -> LeastSure:
    """Which verified labels are the least sure of others.

    Where people verified all that was there, nothing was chosen. Parameters: when each of the verified labels was
    chosen, and when each of them and of the others was given.
    """
    kept, whole, compared = set[int](), set[int](), 0
    for at, batch in groupby(sorted(verified_at, key=verified_at.__getitem__), key=verified_at.__getitem__):
        more = set(batch)
        there = {one for one, given in given_at.items() if given <= at} | kept | more
        compared = num_compared(before=compared, verified=len(kept), more=len(more), there=len(there - whole))
        kept |= more
        if compared == len(kept):
            kept, whole, compared = set(), whole | kept, 0
    if not kept:
        return LeastSure()
    num_there = len((given_at.keys() | kept) - whole)
    return LeastSure(verified=frozenset(kept), num_compared=compared, num_later=num_there - compared)
