"""At which price of a label which of several models is cheapest to come by. Pure: knows no Django."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, kw_only=True)
class CostLine:
    """What a model costs at a price of a label: `fixed`, and that price for each of `num_labels`."""

    name: str
    fixed: Decimal
    num_labels: int

    def at(self, label_price: Decimal) -> Decimal:
        """Its cost at a price of a label."""
        return self.fixed + label_price * self.num_labels


@dataclass(frozen=True, kw_only=True)
class Cheapest:
    """The cheapest line from a price of a label on, until another; None: for good."""

    line: CostLine
    since: Decimal
    until: Decimal | None


def cheapest_by_label_price(*, lines: Sequence[CostLine]) -> list[Cheapest]:
    """The lower envelope of lines over prices from 0 on; of equals, the one with fewer labels."""
    found: list[Cheapest] = []
    since, best = Decimal(0), min(lines, key=lambda one: (one.fixed, one.num_labels), default=None)
    while best is not None:
        until, following = _next(best, lines)
        found.append(Cheapest(line=best, since=since, until=until))
        since, best = until or since, following
    return found


def _next(best: CostLine, lines: Sequence[CostLine]) -> tuple[Decimal | None, CostLine | None]:
    """The next line to be the cheapest as the price of a label rises, and from which price on; None for none."""
    crossings = [
        ((one.fixed - best.fixed) / (best.num_labels - one.num_labels), one.num_labels, one)
        for one in lines
        if one.num_labels < best.num_labels
    ]
    until, _, following = min(crossings, key=lambda one: one[:2], default=(None, 0, None))
    return until, following
