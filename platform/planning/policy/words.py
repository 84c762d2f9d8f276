"""The sentences of an advice."""

from collections.abc import Sequence
from itertools import combinations

import numpy as np

from planning.policy.forecasts import Forecast
from planning.policy.planner import TIE
from planning.policy.state import State
from planning.surfaces import Floats, Point

DISAGREEMENT = 3.0
"""Points by which more labels may score less before it is said."""


def why(best: Forecast, runner_up: Forecast | None) -> str:
    """Why this purchase, how sure, and what comes next to it."""
    if not best.can_tell:
        return f"Cannot tell yet: ${best.dollars:,.2f} for {best.cell} would tell more than any other purchase."
    low, high = (f"{bound:.0f}" for bound in best.band_90)
    words = f"Buy {best.cell} for ${best.dollars:,.2f}: a score of {low} to {high} is expected (90 %)"
    if runner_up is None:
        return f"{words}. Nothing else can be bought."
    lead = best.gain - runner_up.gain
    if lead < TIE or (runner_up.band_80[0] < best.score < runner_up.band_80[1] and lead < 1):
        return f"{words}. It is too close to call against {runner_up.cell} for ${runner_up.dollars:,.2f}."
    return f"{words}. Next best: {runner_up.cell} for ${runner_up.dollars:,.2f}, {lead:.1f} points less at the end."


def too_dear(state: State) -> str:
    """Why nothing can be bought."""
    cost = np.where(state.seen, np.inf, state.cost)
    if not np.isfinite(cost).any():
        return "Nothing is left to buy: everything on offer is measured."
    place = int(np.argmin(cost))
    return (
        f"Nothing can be bought with ${state.money:,.2f}: the cheapest purchase, {state.cell(place)}, costs "
        f"${cost[place]:,.2f}."
    )


def cheapest(state: State) -> str:
    """The cheapest purchase and its price."""
    cost: Floats = np.where(state.affordable, state.cost, np.inf)
    place = int(np.argmin(cost))
    return f"${cost[place]:,.2f} for {state.cell(place)}"


def doubts(points: Sequence[Point]) -> str:
    """What in the points themselves warns: falling curves, or a metric that never moves."""
    scores = [point.score for point in points]
    if len(points) > 2 and max(scores) - min(scores) < 1e-9:
        return f" All {len(points)} students score {scores[0]:.1f}: check that the metric can tell them apart."
    falls = [
        (fewer.score - more.score, fewer, more)
        for fewer, more in combinations(points, 2)
        if fewer.cell.pseudo_labels == more.cell.pseudo_labels and fewer.score - more.score > DISAGREEMENT
    ]
    if not falls:
        return ""
    drop, fewer, more = max(falls, key=lambda fall: fall[0])
    return f" Runs disagree by {drop:.0f} points: {more.cell} score lower than {fewer.cell}. Repeat one of them."
