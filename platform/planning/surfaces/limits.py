"""What purchases may take beside the money left: caps on what it is spent on, and examples of the pool."""

from dataclasses import dataclass

import numpy as np

from planning.surfaces.cells import Booleans, Floats


@dataclass(frozen=True, kw_only=True)
class Spending:
    """What each cell costs now, by what it is spent on: what people do, a language model's labels, and compute."""

    people: Floats
    tokens: Floats
    compute: Floats

    @property
    def total(self) -> Floats:
        """Of all three."""
        return self.people + self.tokens + self.compute


@dataclass(frozen=True, kw_only=True)
class Cap:
    """At most `left` dollars for what is named: compute of students of labels alone, and of all others."""

    left: float
    people: bool = False
    tokens: bool = False
    annotate: bool = False
    distil: bool = False

    def taken(self, spending: Spending, *, is_annotate: Booleans) -> Floats:
        """What each cell takes of it."""
        compute = np.where(is_annotate, self.annotate, self.distil) * spending.compute
        return self.people * spending.people + self.tokens * spending.tokens + compute


@dataclass(frozen=True, kw_only=True)
class NewLabels:
    """The examples that nobody labelled, and how many of them each cell's further labels are of.

    Of one kind (`kinds`), the more labels include the fewer; those of another kind are of other examples. `times`
    as many examples must be there, for a model to choose among.
    """

    num_left: int
    counts: Floats
    kinds: Floats
    times: Floats

    def padded(self, num_cells: int) -> "NewLabels":
        """The same with further cells that need none."""
        none = np.zeros(num_cells)
        return NewLabels(
            num_left=self.num_left,
            counts=np.append(self.counts, none),
            kinds=np.append(self.kinds, none),
            times=np.append(self.times, none),
        )

    def fit_after(self, first: int) -> Booleans:
        """For which cells enough examples are left once a first one is bought."""
        taken = self.counts[first]
        rest = np.maximum(self.counts - np.where(self.kinds == self.kinds[first], taken, 0.0), 0.0)
        fits: Booleans = (taken == 0) | (rest == 0) | (taken + rest * self.times <= self.num_left)
        return fits
