"""What a purchase is worth: the score expected at the end of a plan of two purchases, this one and the best next."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from planning.policy.state import State
from planning.posterior import Worlds
from planning.surfaces import Booleans, Floats

NUM_OUTCOMES = 12
FREEDOM = 5.0
LEAST_GAIN = 0.02
"""Points: a plan that gains less is not worth beginning."""


@dataclass(frozen=True, kw_only=True)
class Values:
    """Expected final score in percent: of stopping now, and of each purchase (minus infinity where not allowed).

    `dollars`: what each plan is expected to cost, its second purchase included where it gains anything. `adds`: what
    the first purchase adds, by what it gains alone or by how much its plan is better than the second purchase alone.
    """

    now: float
    plans: Floats
    dollars: Floats
    adds: Floats


def plan_values(*, state: State, worlds: Worlds, allowed: Booleans, worth: float = 0.0) -> Values:
    """Value each allowed purchase by a plan of two.

    Parameters: `worth`, dollars that a point is worth: a second purchase whose gain is worth less than its price is
        left out, and of the others the one with the most left over is taken. 0: money left over is worth nothing.
    """
    means = worlds.scores.mean(axis=0)
    finished = state.seen & ~state.prices.cells.is_teacher
    now = float(means[finished].max()) if finished.any() else 0.0
    squares = worlds.scores**2
    own = expected_gain(means - now, np.sqrt(np.maximum(squares.mean(axis=0) - means**2, 1e-12)))
    own[state.prices.cells.is_teacher] = 0.0
    plans, dollars, adds = np.full(len(means), -np.inf), np.full(len(means), np.inf), np.zeros(len(means))
    for cell in np.flatnonzero(allowed):
        plans[cell], next_dollars, next_ones = _plan(
            int(cell), state=state, worlds=worlds, squares=squares, worth=worth
        )
        dollars[cell] = state.cost[cell] + next_dollars
        adds[cell] = max(own[cell], plans[cell] - now - own[next_ones].max(initial=0.0))
    return Values(now=now, plans=plans, dollars=dollars, adds=adds)


def _plan(cell: int, *, state: State, worlds: Worlds, squares: Floats, worth: float) -> tuple[float, float, Booleans]:
    """The expected final score, what the second purchase is expected to cost, and which second ones there are.

    These are such as the money, the caps and the pool still take after the first.
    """
    students = ~state.prices.cells.is_teacher
    prices = state.prices.prices(state.prices.after(state.owned, cell))
    money = state.money - float(state.cost[cell])
    held = state.seen | (prices == 0)
    held[cell] = True
    next_ones = ~held & students & (prices <= money + 1e-9) & state.prices.fit_after(state.owned, cell)
    weights = _outcome_weights(worlds, cell)
    means = weights @ worlds.scores
    best = means[:, held & students].max(axis=1) if (held & students).any() else np.zeros(len(weights))
    if not next_ones.any():
        return float(best.mean()), 0.0, next_ones
    spread = np.sqrt(np.maximum(weights @ squares - means**2, 1e-12))
    gains = expected_gain((means - best[:, None])[:, next_ones], spread[:, next_ones])
    second, gained = _second(gains, prices[next_ones], worth=worth)
    next_dollars = np.where(gained >= LEAST_GAIN, prices[next_ones][second], 0.0)
    return float((best + gained).mean()), float(next_dollars.mean()), next_ones


def _second(gains: Floats, prices: Floats, *, worth: float) -> tuple[NDArray[np.intp], Floats]:
    """The second purchase (a column) after each outcome (a row), and its gain; 0 where none is worth its price."""
    left_over = worth * gains - prices if worth > 0 else gains
    second = left_over.argmax(axis=1)
    rows = np.arange(len(gains))
    return second, np.where(left_over[rows, second] > 0, gains[rows, second], 0.0)


def expected_gain(lead: Floats, sd: Floats) -> Floats:
    """E max(X, 0) of a normal X with mean `lead`."""
    z = lead / sd
    gain: Floats = lead * ndtr(z) + sd * np.exp(-0.5 * z**2) / np.sqrt(2 * np.pi)
    return gain


def _outcome_weights(worlds: Worlds, cell: int) -> Floats:
    """Weights of the worlds (columns) after each of some equally likely outcomes of measuring a cell (rows)."""
    phi = worlds.phi[:, cell]
    noise = float(np.exp(np.mean(np.log(worlds.noise))))
    outcomes = np.quantile(phi, (np.arange(NUM_OUTCOMES) + 0.5) / NUM_OUTCOMES)
    distance = (outcomes[:, None] - phi[None, :]) / noise
    likelihood = (1 + distance**2 / FREEDOM) ** (-(FREEDOM + 1) / 2)
    weights: Floats = likelihood / likelihood.sum(axis=1, keepdims=True)
    return weights
