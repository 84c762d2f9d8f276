"""Policies of one line, to compare with: each names the next cell to buy, or None to stop."""

from collections.abc import Callable, Mapping

import numpy as np

from planning.policy.state import State
from planning.surfaces import Booleans

FixedPolicy = Callable[[State], int | None]


def always_annotate(state: State) -> int | None:
    """The most labels that fit."""
    if state.bought:
        return None
    return _most_labels(state, state.affordable & state.prices.cells.is_annotate)


def always_distil(state: State) -> int | None:
    """The labels owned, or the fewest, and all else on pseudo-labels; where none fit, the labels alone."""
    if state.bought:
        return None
    cells = state.prices.cells
    owned = cells.labels[state.seen & cells.is_annotate]
    labels = owned.max() if len(owned) else cells.labels[cells.is_annotate].min(initial=np.inf)
    found = _most_pseudo_labels(state, float(labels), state.money)
    if found is not None or len(owned):
        return found
    return always_annotate(state)


def half_half(state: State) -> int | None:
    """At most half of the money on labels, the rest on pseudo-labels."""
    if state.bought:
        return None
    cells, cost = state.prices.cells, state.cost
    within = cells.is_annotate & (cost <= state.budget / 2 + 1e-9)
    if not within.any():
        return always_annotate(state)
    labels = float(cells.labels[within].max())
    found = _most_pseudo_labels(state, labels, state.money)
    if found is not None:
        return found
    return _most_labels(state, within & ~state.seen)


FIXED_POLICIES: Mapping[str, FixedPolicy] = {
    "always_annotate": always_annotate,
    "always_distil": always_distil,
    "half_half": half_half,
}


def _most_labels(state: State, among: Booleans) -> int | None:
    if not among.any():
        return None
    return int(np.argmax(np.where(among, state.prices.cells.labels, -1.0)))


def _most_pseudo_labels(state: State, labels: float, money: float) -> int | None:
    cells = state.prices.cells
    fits = (
        ~cells.is_annotate & ~cells.is_teacher & (cells.labels == labels) & ~state.seen & (state.cost <= money + 1e-9)
    )
    if not fits.any():
        return None
    return int(np.argmax(np.where(fits, cells.pseudo_labels, -1.0)))
