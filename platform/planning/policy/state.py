"""Where a policy stands: what it owns, what it has seen, and what money is left."""

from dataclasses import dataclass, field

import numpy as np

from planning.surfaces import Booleans, Cell, Floats, Owned, PriceList


@dataclass(kw_only=True)
class State:
    """A policy sees only this: prices of all cells, and the scores of the cells that it bought (not a number before).

    `budget` is all the money it had, `money` what is left, `detours` what it spent on purchases that were not on the
    way to its favourite.
    """

    prices: PriceList
    owned: Owned
    budget: float
    money: float
    scores: Floats
    detours: float = 0.0
    bought: list[int] = field(default_factory=list)

    @property
    def seen(self) -> Booleans:
        """Which cells were measured."""
        return ~np.isnan(self.scores)

    @property
    def cost(self) -> Floats:
        """What each cell costs now."""
        return self.prices.prices(self.owned)

    @property
    def affordable(self) -> Booleans:
        """Which unseen cells the money left pays for, and the caps take."""
        return ~self.seen & (self.cost <= self.money + 1e-9) & self.prices.within_caps(self.owned)

    def cell(self, place: int) -> Cell:
        """The cell of this number."""
        return self.prices.cells.cell(place)

    def buy(self, cell: int) -> None:
        """Pay for a cell; its score is for the caller to enter."""
        self.money -= float(self.cost[cell])
        self.owned = self.prices.after(self.owned, cell)
        self.bought.append(cell)
