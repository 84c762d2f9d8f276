"""The planner as a player: it learns of the surface as it buys, and its forecasts are checked against what it sees."""

import numpy as np

from planning.policy import State, choose
from planning.posterior import Bank, Worlds
from planning.surfaces import Floats

LEVELS = (0.8, 0.9)
Band = tuple[float, float]


class PlannerPlayer:
    """Plays one game by the planner; the same scores seen are thought about once.

    `bands` has, for each (what was seen, cell) that was bought, the bands forecast for it before.
    """

    def __init__(self, *, bank: Bank) -> None:
        self.bank = bank
        self.bands: dict[tuple[bytes, int], tuple[Band, ...]] = {}
        self._worlds: dict[bytes, Worlds] = {}

    def __call__(self, state: State) -> int | None:
        """The next cell to buy."""
        key = state.scores.tobytes()
        if key not in self._worlds:
            self._worlds[key] = self._learn(state.scores)
        worlds = self._worlds[key]
        choice = choose(state=state, worlds=worlds)
        if choice is None:
            return None
        state.detours += choice.detour
        if (key, choice.cell) not in self.bands:
            random = np.random.default_rng(self.bank.seed)
            self.bands[key, choice.cell] = tuple(worlds.band(choice.cell, level, random) for level in LEVELS)
        return choice.cell

    def held(self, shown: Floats) -> list[tuple[bool, ...]]:
        """Per purchase that was forecast: whether the score shown lay inside each level's band."""
        return [tuple(low <= shown[cell] <= high for low, high in bands) for (_, cell), bands in self.bands.items()]

    def _learn(self, scores: Floats) -> Worlds:
        seen = np.flatnonzero(~np.isnan(scores))
        return self.bank.fit(seen=seen.tolist(), scores=scores[seen]).worlds(self.bank.cells)
