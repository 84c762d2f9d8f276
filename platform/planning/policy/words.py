"""The sentences of an advice."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np

from planning.policy.forecasts import Forecast
from planning.policy.planner import TIE
from planning.policy.state import State
from planning.surfaces import TEACHER, Cell, Point

CLEAR = 1.0
"""Points by which a plan must be ahead where the bands of two students overlap."""
ALIKE = 1.25
"""Times the cheaper price: what is dearer is not of a like price."""
DISAGREEMENT = 3.0
"""Points by which more labels may score less before it is said."""


def _dollars(amount: float) -> str:
    return f"${amount:,.2f}"


@dataclass(frozen=True, kw_only=True)
class Wording:
    """How amounts and purchases are written in an advice."""

    money: Callable[[float], str] = _dollars
    purchase: Callable[[Cell], str] = str

    def priced(self, forecast: Forecast) -> str:
        """A purchase and its price."""
        return f"{self.purchase(forecast.cell)} for {self.money(forecast.dollars)}"


def why(best: Forecast, runner_up: Forecast | None, wording: Wording) -> str:
    """Why this purchase, how sure, and what comes next to it."""
    low, high = (f"{bound:.0f}" for bound in best.band_90)
    words = f"Buy {wording.priced(best)}: a score of {low} to {high} is expected (90 %)"
    if runner_up is None:
        return f"{words}. Nothing else can be bought."
    lead = best.gain - runner_up.gain
    if lead < TIE and not runner_up.can_tell:
        return f"{words}. No score can be told of {wording.priced(runner_up)}, which may gain more."
    if is_close(best, runner_up, lead=lead):
        return f"{words}. {_close(best, runner_up, wording)}"
    return f"{words}. Next best: {wording.priced(runner_up)}, {lead:.1f} points less at the end."


def is_close(best: Forecast, other: Forecast, *, lead: float) -> bool:
    """Whether one that is so many points ahead is not clearly better."""
    return lead < TIE or (other.band_80[0] < best.score < other.band_80[1] and lead < CLEAR)


def _close(best: Forecast, other: Forecast, wording: Wording) -> str:
    """What tells two plans apart that end about equally well: their prices, where these are not alike."""
    cheaper, dearer = sorted((best.dollars, other.dollars))
    if dearer <= ALIKE * cheaper:
        return f"It is too close to call against {wording.priced(other)}."
    if best.dollars == cheaper:
        return f"Dearer and not clearly better: {wording.priced(other)}."
    if other.plan_dollars > best.plan_dollars:
        in_all = wording.money(other.plan_dollars)
        return f"{wording.priced(other)} would end as well only with a further purchase, {in_all} in all."
    return f"Cheaper and not clearly worse: {wording.priced(other)}."


def not_worth_it(plan: Forecast, wording: Wording) -> str:
    """Why nothing is bought where the best plan gains less than its price."""
    first, price = wording.purchase(plan.cell), wording.money(plan.plan_dollars)
    gain = f"would gain {plan.gain:.1f} points for {price}, more than they are worth"
    return f"Stop: the best plan begins with {first} and {gain}."


def cannot_tell(best: Forecast, wording: Wording, *, is_look: bool) -> str:
    """What to buy where no score can be said; `is_look`: it gains most for its price, as in `too_small`."""
    price, what = wording.money(best.dollars), wording.purchase(best.cell)
    return (
        f"Cannot tell yet: {price} for {what} would tell more{' for its price than anything else' if is_look else ''}."
    )


def too_small(best: Forecast, half_width: float, wording: Wording, *, is_look: bool) -> str:
    """What to buy where the gain is less than a student's interval.

    Parameters: `is_look`, whether it is what gains most for its price by itself; else it begins the best plan.
    """
    gain = f"the gain expected, {best.gain:.1f} points, is less than any student's interval can show"
    what = wording.priced(best)
    of_looks = f"Of what is expected to gain half a point or more by itself, {what} gains most for its price."
    most = of_looks if is_look else f"The best plan begins with {what}."
    return f"Cannot tell yet: {gain} (± {half_width:.1f}). {most}"


def too_dear(state: State, wording: Wording) -> str:
    """Why nothing can be bought."""
    cost = np.where(state.seen, np.inf, state.cost)
    if not np.isfinite(cost).any():
        return "Nothing is left to buy: everything on offer is measured."
    place = int(np.argmin(cost))
    return (
        f"Nothing can be bought with {wording.money(state.money)}: the cheapest purchase, "
        f"{wording.purchase(state.cell(place))}, costs {wording.money(cost[place])}."
    )


def _alike_but_for_labels(one: Cell, other: Cell) -> bool:
    first, second = (replace(cell, labels=0) for cell in (one, other))
    return first == second


def students_of(points: Sequence[Point]) -> list[Point]:
    """The points that are no teacher's."""
    return [point for point in points if point.cell.pseudo_labels != TEACHER]


def doubts(points: Sequence[Point]) -> str:
    """What in the points themselves warns: falling curves, or a metric that never moves."""
    scores, students = [point.score for point in points], students_of(points)
    if len(students) > 2 and max(scores) - min(scores) < 1e-9:
        return f" All {len(students)} students score {scores[0]:.1f}: check that the metric can tell them apart."
    falls = [
        (fewer.score - more.score, fewer, more)
        for fewer, more in combinations(points, 2)
        if _alike_but_for_labels(fewer.cell, more.cell) and fewer.score - more.score > DISAGREEMENT
    ]
    if not falls:
        return ""
    drop, fewer, more = max(falls, key=lambda fall: fall[0])
    return f" Runs disagree by {drop:.0f} points: {more.cell} score lower than {fewer.cell}. Repeat one of them."
