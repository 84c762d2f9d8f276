"""How two models that cost differently to serve are compared, in words."""

from planning.serving import ServingGap
from reports.formatting import money
from studies.models import Study

RATE_DECIMALS = 4
"""Of the cost of 1,000 requests, which may be less than a cent."""
VOLUMES = (10_000, 1_000_000)
"""Requests a month at which the difference is named where nobody has said how many are expected."""


def compare_serving(gap: ServingGap, *, dearer: str, cheaper: str, study: Study) -> str:
    """Say by how much a model is better and dearer to serve, and at how many requests a month the other one wins."""
    currency, expected = study.budget.currency, study.monthly_requests
    more = money(gap.dollars_per_thousand, currency=currency, decimals=RATE_DECIMALS)
    costs = f"{dearer} costs {more} more per 1,000 requests than {cheaper}"
    interval = f"95 %: {gap.low:+.1f} to {gap.high:+.1f}"
    if gap.points <= 0:
        scores = f"does not score higher ({gap.points:+.1f} points; {interval})"
        return f"{costs} and {scores}: {cheaper} wins at any volume."
    scores = f"{costs} and scores {gap.points:.1f} points more ({interval})."
    if not gap.is_better:
        return f"{scores} Whether it is better cannot be told, and so not whether it is worth more."
    volumes = VOLUMES if expected is None else (expected,)
    months = [f"{money(gap.dollars_per_month(count), currency=currency)} at {count:,}" for count in volumes]
    said = f"{scores} More each month: {', '.join(months)} requests."
    if study.worth_per_point is None:
        return f"{said} Say what a point is worth, and the break-even is named."
    low, middle, high = (
        gap.requests_to_break_even(points=points, dollars_per_point=study.worth_per_point)
        for points in (gap.low, gap.points, gap.high)
    )
    value = f"At {money(study.worth_per_point, currency=currency)} a point and a year of serving"
    between = f"{_rounded(low):,} to {_rounded(high):,} with 95 %"
    said = (
        f"{said} {value} it pays up to about {_rounded(middle):,} requests a month ({between}); above, {cheaper} wins."
    )
    return said if expected is None else f"{said} {_at(expected, low, high, dearer, cheaper)}"


def _at(expected: int, low: float, high: float, dearer: str, cheaper: str) -> str:
    """Which one wins at the requests that are expected."""
    if low < expected < high:
        return f"At the {expected:,} that are expected it is too close to call."
    return f"At the {expected:,} that are expected {dearer if expected <= low else cheaper} wins."


def _rounded(number: float) -> int:
    """Two digits: a break-even says no more."""
    return int(float(f"{number:.2g}"))
