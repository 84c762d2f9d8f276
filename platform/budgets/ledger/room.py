"""What a budget can take of several amounts that are bought together, as it was read."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Self

from budgets.ledger.capacity import used
from budgets.models import Budget
from budgets.money import ZERO


@dataclass(frozen=True, kw_only=True)
class Part:
    """An amount of a purchase, and what it is held for; where the kinds do not say how much is whose, each has all."""

    amount: Decimal
    path: str
    kinds: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class CapLeft:
    """What a cap on a path, or on a kind, has left."""

    left: Decimal
    path: str = ""
    kind: str = ""

    def covers(self, part: Part) -> bool:
        return self.path == part.path if self.path else self.kind in part.kinds

    def after(self, parts: Sequence[Part]) -> Decimal:
        """What is left of it once these are bought; below zero where they are too much."""
        return self.left - sum((part.amount for part in parts if self.covers(part)), ZERO)


@dataclass(frozen=True, kw_only=True)
class Room:
    """What is left of a budget in all, and by its caps."""

    available: Decimal
    caps: tuple[CapLeft, ...] = ()

    @classmethod
    def of(cls, budget: Budget) -> Self:
        """Nothing while a stop is active."""
        caps = [
            CapLeft(left=cap.limit - used(cap=cap), path=cap.path, kind=cap.kind)
            for cap in budget.caps.select_related("budget").order_by("pk")
        ]
        return cls(available=ZERO if budget.is_stopped else budget.available, caps=tuple(caps))

    def takes(self, parts: Sequence[Part]) -> bool:
        """Whether all of it can be bought together; what costs nothing always can."""
        wanted = [part for part in parts if part.amount > 0]
        return not wanted or min(self._lefts(after=wanted, of=wanted)) >= 0

    def left(self, *, path: str, kind: str, besides: Sequence[Part] = ()) -> Decimal:
        """The most that a purchase of this path and kind could take beside others; nothing where these are too much."""
        if not self.takes(besides):
            return ZERO
        wanted = Part(amount=ZERO, path=path, kinds=(kind,))
        return max(min(self._lefts(after=besides, of=[wanted])), ZERO)

    def _lefts(self, *, after: Sequence[Part], of: Sequence[Part]) -> list[Decimal]:
        """What is left in all, and by each cap on any of some parts, once others are bought."""
        caps = [cap for cap in self.caps if any(map(cap.covers, of))]
        return [self.available - sum((part.amount for part in after), ZERO), *(cap.after(after) for cap in caps)]
