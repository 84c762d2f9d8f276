"""What serving adds to a choice between two models: at how many requests a month the one cheaper to serve wins.

What the models cost to make is spent, and counts for neither.
"""

from dataclasses import dataclass
from decimal import Decimal
from math import hypot

MONTHS = 12
"""How long a model is taken to serve: its points are worth their price once, its requests cost each month."""
THOUSAND = 1000


@dataclass(frozen=True, kw_only=True)
class Served:
    """A model's score with its 95 % interval, in percent, and what 1,000 requests to it cost."""

    score: float
    low: float
    high: float
    dollars_per_thousand: Decimal


@dataclass(frozen=True, kw_only=True)
class ServingGap:
    """By how much one model is better than another, in points with the 95 % interval, and dearer per 1,000 requests."""

    points: float
    low: float
    high: float
    dollars_per_thousand: Decimal

    @property
    def is_better(self) -> bool:
        """Whether the dearer one clearly is: the interval leaves zero out."""
        return self.low > 0

    def dollars_per_month(self, requests: int) -> Decimal:
        """What the dearer one costs more, each month."""
        return self.dollars_per_thousand * requests / THOUSAND

    def requests_to_break_even(self, *, points: float, dollars_per_point: Decimal) -> float:
        """Requests a month at which so many points are worth what serving them costs in a year."""
        return float(dollars_per_point) * points * THOUSAND / (MONTHS * float(self.dollars_per_thousand))


def serving_gap(*, dearer: Served, cheaper: Served) -> ServingGap:
    """Compare two models, as if they were measured on different examples.

    Raises: ValueError where the first is not dearer to serve.
    """
    more = dearer.dollars_per_thousand - cheaper.dollars_per_thousand
    if more <= 0:
        raise ValueError(f"{more} dollars more per 1,000 requests: name the model that is dearer to serve first.")
    points = dearer.score - cheaper.score
    below = hypot(dearer.score - dearer.low, cheaper.high - cheaper.score)
    above = hypot(dearer.high - dearer.score, cheaper.score - cheaper.low)
    return ServingGap(points=points, low=points - below, high=points + above, dollars_per_thousand=more)
