"""Play a policy on a recorded surface: it buys cells, sees only what it bought, and ends on one of them."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from planning.policy import State
from planning.surfaces import Floats, PriceList, Surface

NUM_BUDGETS = 12
Policy = Callable[[State], int | None]


@dataclass(frozen=True, kw_only=True)
class Start:
    """The labels that are owned before the first dollar, 0 for none; what is free then, and the budgets to play."""

    labels: float
    budgets: tuple[float, ...]


@dataclass(frozen=True, kw_only=True)
class Played:
    """How a game ended: the true score of the cell that looked best, not a number where none was bought; what went."""

    score: float
    dollars: float


@dataclass(frozen=True, kw_only=True)
class Game:
    """A recorded surface and its prices; the scores that a player sees may carry noise."""

    surface: Surface
    prices: PriceList
    shown: Floats

    @classmethod
    def of(cls, surface: Surface, *, noise: float = 0.0, random: np.random.Generator | None = None) -> "Game":
        """`noise`: the sd in points of what is added to each score that a player sees."""
        shown = surface.scores
        if noise > 0 and random is not None:
            shown = np.clip(shown + noise * random.standard_normal(len(shown)), 0.0, 100.0)
        return cls(surface=surface, prices=PriceList.of(surface), shown=shown)

    def starts(self) -> list[Start]:
        """Nothing owned, and each rung of labels; budgets are geometric from the cheapest to the dearest purchase."""
        rungs = np.unique(self.prices.cells.labels[self.prices.cells.is_annotate])
        found = []
        for labels in (0.0, *rungs[rungs > 0]):
            prices = self._begin(labels, 0.0).cost
            paid = prices[(prices > 0) & ~self.prices.cells.is_teacher]
            if len(paid):
                budgets = np.geomspace(paid.min(), paid.max(), NUM_BUDGETS)
                found.append(Start(labels=float(labels), budgets=tuple(map(float, budgets))))
        return found

    def _begin(self, labels: float, budget: float) -> State:
        owned, cells = self.prices.nothing(), self.prices.cells
        for cell in np.flatnonzero(cells.is_annotate & (cells.labels <= labels) & (labels > 0)):
            owned = self.prices.after(owned, int(cell))
        scores = np.full(len(cells), np.nan)
        return State(prices=self.prices, owned=owned, budget=budget, money=budget, scores=scores)

    def play(self, policy: Policy, *, labels: float, budget: float) -> Played:
        """Have a policy buy until it stops, or nothing that is left can be paid.

        Raises: ValueError where the policy names a cell that it has or cannot pay.
        """
        state = self._begin(labels, budget)
        self._take_free(state)
        while state.affordable.any():
            cell = policy(state)
            if cell is None:
                break
            if not state.affordable[cell]:
                raise ValueError(f"{self.surface.points[cell].cell} cannot be bought with {state.money:g} dollars")
            state.buy(cell)
            state.scores[cell] = self.shown[cell]
            self._take_free(state)
        return Played(score=self._result(state), dollars=budget - state.money)

    def _take_free(self, state: State) -> None:
        free = ~state.seen & (state.cost == 0)
        state.scores[free] = self.shown[free]

    def _result(self, state: State) -> float:
        looked = np.where(state.seen & ~self.prices.cells.is_teacher, state.scores, -np.inf)
        if not np.isfinite(looked).any():
            return float("nan")
        best = np.flatnonzero(looked == looked.max())
        dollars = [self.surface.points[cell].dollars for cell in best]
        return float(self.surface.scores[best[int(np.argmin(dollars))]])

    def oracle(self, *, labels: float, budget: float) -> float:
        """The best recorded score that this start and this budget can buy."""
        fits = (self._begin(labels, budget).cost <= budget + 1e-9) & ~self.prices.cells.is_teacher
        return float(self.surface.scores[fits].max())
