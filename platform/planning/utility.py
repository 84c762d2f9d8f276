"""What a dollar bought: utility per dollar, marginal utility, and the frontier.

Utility is the study's held-out metric as a fraction (0 to 1); dollars stand for whole units of the budget's currency.
The quantities are those of Kang, Xu and Ritter, "Distill or Annotate? Cost-Efficient Fine-Tuning of Compact
Models", ACL 2023, who compare both paths at equal total cost.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from math import hypot


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """A trained student as the arithmetic sees it.

    `dollars` >= 0: all that it cost. `utility`: its metric on the test split, 0 to 1.
    """

    dollars: Decimal
    utility: float


@dataclass(frozen=True, kw_only=True)
class MeasuredOutcome(Outcome):
    """A trained student with the interval of its utility and the number of labels that it was made from."""

    low: float
    high: float
    num_labels: int


@dataclass(frozen=True, kw_only=True)
class Slope:
    """Utility gained per further dollar, with its interval."""

    value: float
    low: float
    high: float

    @property
    def is_clear(self) -> bool:
        """Whether the interval leaves zero out; else nobody knows whether the dollars bought anything."""
        return self.low > 0 or self.high < 0


def utility_per_dollar(*, utility: float, baseline: float, dollars: Decimal) -> float | None:
    """Divide what a student gained over a baseline that costs nothing by what the student cost.

    Parameters: `utility`, `baseline` in the metric's unit (0 to 1), the baseline the same for all students that are
        compared; `dollars` >= 0.
    Returns: (utility - baseline) / dollars, in utility per dollar; below zero where the student is worse than the
        baseline; None where nothing was spent, since no price can be named then.
    Raises: ValueError where dollars are negative.
    Source: utility at a cost as in Kang, Xu and Ritter, ACL 2023, less what costs nothing, because several of their
        cells equal a constant predictor's.
    """
    if dollars < 0:
        raise ValueError(f"dollars: {dollars} is negative; a cost is zero or more.")
    return None if dollars == 0 else (utility - baseline) / float(dollars)


def marginal_utilities(*, outcomes: Sequence[MeasuredOutcome]) -> list[Slope | None]:
    """Divide the gain from step to step of a path's own frontier by the difference in cost.

    The frontier has the best student of each number of labels, as far as none cheaper is as good: two students of the
    same labels, whose costs differ by a cent and whose utilities by chance, are no step.

    Parameters: `outcomes` of one path, in any order.
    Returns: one slope per outcome, in the given order, in utility per dollar, with its interval; None for the cheapest
        of the frontier and for what is not on it. The interval is that of the difference of two intervals by the
        square-and-add rule, which takes them as independent: the same test examples make it rather too wide.
    Source: marginal utility of a dollar, as in Kang, Xu and Ritter, ACL 2023 (discrete form); for the interval Zou and
        Donner, Statistics in Medicine 27, 2008.
    """
    found: list[Slope | None] = [None] * len(outcomes)
    best = _best_of_each_size(outcomes)
    frontier = [best[place] for place in pareto_frontier(outcomes=[outcomes[i] for i in best])]
    for cheaper, dearer in pairwise(frontier):
        found[dearer] = _slope(outcomes[cheaper], outcomes[dearer])
    return found


def _best_of_each_size(outcomes: Sequence[MeasuredOutcome]) -> list[int]:
    """Find the best outcome of each number of labels, of equally good ones the cheapest."""
    best: dict[int, int] = {}
    for i in sorted(range(len(outcomes)), key=lambda i: (-outcomes[i].utility, outcomes[i].dollars, i)):
        best.setdefault(outcomes[i].num_labels, i)
    return list(best.values())


def pareto_frontier(*, outcomes: Sequence[Outcome]) -> list[int]:
    """Find the outcomes that no other one beats: none has at least their utility for less, nor more for the same.

    Parameters: `outcomes` of all paths, in any order.
    Returns: positions in `outcomes`, by rising cost; of equal outcomes the first.
    Source: the frontier over both paths in Kang, Xu and Ritter, ACL 2023.
    """
    frontier: list[int] = []
    best = float("-inf")
    for i in sorted(range(len(outcomes)), key=lambda i: (outcomes[i].dollars, -outcomes[i].utility, i)):
        if outcomes[i].utility > best:
            frontier.append(i)
            best = outcomes[i].utility
    return frontier


def _slope(cheaper: MeasuredOutcome, dearer: MeasuredOutcome) -> Slope:
    more_dollars = float(dearer.dollars - cheaper.dollars)
    gain = dearer.utility - cheaper.utility
    below = hypot(dearer.utility - dearer.low, cheaper.high - cheaper.utility)
    above = hypot(dearer.high - dearer.utility, cheaper.utility - cheaper.low)
    return Slope(value=gain / more_dollars, low=(gain - below) / more_dollars, high=(gain + above) / more_dollars)
