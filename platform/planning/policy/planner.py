"""The planner: buy what begins the best plan of two, within a cap on detours, until no plan gains enough."""

from dataclasses import dataclass

import numpy as np

from planning.policy.look_ahead import LEAST_GAIN, plan_values
from planning.policy.state import State
from planning.posterior import Worlds
from planning.surfaces import Booleans, Floats

TIE = 0.25
"""Points: among plans this close the cheapest is taken, as money left is worth more than a plan of two counts."""
DETOUR_SHARE = 0.5


@dataclass(frozen=True, kw_only=True)
class Choice:
    """The next purchase and the detour that it is, in dollars."""

    cell: int
    detour: float


def choose(*, state: State, worlds: Worlds) -> Choice | None:
    """The next purchase, or None to stop."""
    affordable = state.affordable
    if not affordable.any():
        return None
    detours = _detours(state, worlds)
    left = DETOUR_SHARE * state.budget - state.detours
    allowed = affordable & (detours <= max(left, 0.0) + 1e-9)
    if not allowed.any():
        return None
    values = plan_values(state=state, worlds=worlds, allowed=allowed)
    best = float(values.plans.max())
    if best - values.now < LEAST_GAIN:
        return None
    close = values.plans >= max(best - TIE, values.now + LEAST_GAIN)
    # A first purchase that adds nothing makes no plan better, and its plan may still look cheap.
    adding = close & (values.adds >= LEAST_GAIN)
    close = adding if adding.any() else close
    cell = int(np.argmin(np.where(close, values.dollars, np.inf)))
    return Choice(cell=cell, detour=float(detours[cell]))


def _detours(state: State, worlds: Worlds) -> Floats:
    """What buying each cell first adds to the price of the favourite; nothing where the favourite is owned."""
    cost = state.cost
    favourite = _favourite(state, worlds, state.affordable | state.seen)
    if state.seen[favourite]:
        return np.zeros(len(cost))
    detours = np.zeros(len(cost))
    for cell in np.flatnonzero(state.affordable):
        after = state.prices.prices(state.prices.after(state.owned, int(cell)))
        detours[cell] = cost[cell] + (after[favourite] if cell != favourite else 0.0) - cost[favourite]
    return np.maximum(detours, 0.0)


def _favourite(state: State, worlds: Worlds, among: Booleans) -> int:
    """What would be bought if nothing more could be learned: the best expected score, of equals the cheapest."""
    students = among & ~state.prices.cells.is_teacher
    means = np.where(students if students.any() else among, worlds.scores.mean(axis=0), -np.inf)
    cost = np.where(state.seen, 0.0, state.cost)
    return int(np.argmin(np.where(means >= means.max() - TIE, cost, np.inf)))
