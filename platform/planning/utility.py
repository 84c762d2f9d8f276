"""What a dollar bought: utility per dollar, marginal utility, and the frontier.

Utility is the study's held-out metric as a fraction (0 to 1); dollars stand for whole units of the budget's currency.
The quantities are those of Kang, Xu and Ritter, "Distill or Annotate? Cost-Efficient Fine-Tuning of Compact
Models", ACL 2023, who compare both paths at equal total cost.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """A trained student as the arithmetic sees it.

    `dollars` >= 0: all that it cost. `utility`: its metric on the test split, 0 to 1.
    """

    dollars: Decimal
    utility: float


def utility_per_dollar(*, utility: float, baseline: float, dollars: Decimal) -> float | None:
    """Divide what a student gained over a baseline that costs nothing by what the student cost.

    Parameters: `utility`, `baseline` in the metric's unit (0 to 1); `dollars` >= 0.
    Returns: (utility - baseline) / dollars, in utility per dollar; below zero where the student is worse than the
        baseline; None where nothing was spent, since no price can be named then.
    Raises: ValueError where dollars are negative.
    Source: utility at a cost as in Kang, Xu and Ritter, ACL 2023, less the constant predictor's, because several of
        their cells equal one.
    """
    if dollars < 0:
        raise ValueError(f"dollars: {dollars} is negative; a cost is zero or more.")
    return None if dollars == 0 else (utility - baseline) / float(dollars)


def marginal_utilities(*, outcomes: Sequence[Outcome]) -> list[float | None]:
    """Divide the gain from each outcome's cheaper neighbour by the difference in cost.

    Parameters: `outcomes` of one path, in any order.
    Returns: one figure per outcome, in the given order: (utility - utility of the next cheaper) / (dollars - its
        dollars), in utility per dollar; None for the cheapest, and where both cost the same.
    Source: marginal utility of a dollar, as in Kang, Xu and Ritter, ACL 2023 (discrete form).
    """
    found: list[float | None] = [None] * len(outcomes)
    by_cost = sorted(range(len(outcomes)), key=lambda i: (outcomes[i].dollars, i))
    for cheaper, dearer in pairwise(by_cost):
        found[dearer] = _slope(outcomes[cheaper], outcomes[dearer])
    return found


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


def _slope(cheaper: Outcome, dearer: Outcome) -> float | None:
    more_dollars = dearer.dollars - cheaper.dollars
    return None if more_dollars == 0 else (dearer.utility - cheaper.utility) / float(more_dollars)
