"""A budget kept in plain Python: what Fulcrum's must come to, worked out another way, for the test of all sequences."""

from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal

from budgets.ledger import AlreadyReversed, BudgetExceeded, BudgetStopped, CapExceeded
from budgets.ledger.holds import HoldClosed
from budgets.ledger.repricing import NothingToReprice
from budgets.limits.limits import LimitTooLow
from budgets.limits.stops import NothingLeft

NOTHING = Decimal(0)
Refusal = type[Exception] | None


def rounded(amount: Decimal) -> Decimal:
    return amount.quantize(Decimal("0.000001"), rounding=ROUND_HALF_UP)


@dataclass
class Rate:
    """A price: its kind, and what one costs (of a fee: percent)."""

    kind: str
    amount: Decimal

    def of(self, quantity: Decimal) -> Decimal:
        return rounded(quantity * self.amount / (100 if self.kind == "platform_fee" else 1))


@dataclass
class Held:
    path: str
    rate: Rate
    fee: Rate | None
    left: Decimal
    is_open: bool = True
    was_charged: bool = False


@dataclass
class Paid:
    path: str
    rate: Rate
    quantity: Decimal
    fee: Rate | None

    @property
    def base(self) -> Decimal:
        return self.rate.of(self.quantity)

    @property
    def total(self) -> Decimal:
        return self.base + (self.fee.of(self.base) if self.fee else NOTHING)


@dataclass
class Books:
    limit: Decimal
    stop: str = ""
    caps: dict[str, Decimal] = field(default_factory=dict)
    holds: dict[str, Held] = field(default_factory=dict)
    paid: dict[str, Paid] = field(default_factory=dict)
    reversed: set[str] = field(default_factory=set)

    @property
    def spent(self) -> Decimal:
        return sum((one.total for one in self.paid.values()), NOTHING)

    @property
    def held(self) -> Decimal:
        return sum((one.left for one in self.holds.values() if one.is_open), NOTHING)

    def used(self, cap: str) -> Decimal:
        spent = sum((one.total for one in self.paid.values() if cap in (one.path, one.rate.kind)), NOTHING)
        return spent + sum((one.left for one in self.holds.values() if cap in (one.path, one.rate.kind)), NOTHING)

    def refusal(self, amount: Decimal, *, path: str, kind: str, ignore_stop: bool = False) -> Refusal:
        if self.stop and not ignore_stop:
            return BudgetStopped
        if self.spent + self.held + amount > self.limit:
            return BudgetExceeded
        over = (cap for cap in (path, kind) if cap in self.caps and self.used(cap) + amount > self.caps[cap])
        return CapExceeded if any(over) else None

    def place(self, key: str, *, path: str, rate: Rate, fee: Rate | None, quantity: Decimal) -> Refusal:
        amount = Paid(path=path, rate=rate, quantity=quantity, fee=fee).total
        refused = self.refusal(amount, path=path, kind=rate.kind)
        if refused is None:
            self.holds[key] = Held(path=path, rate=rate, fee=fee, left=amount)
        return refused

    def extend(self, key: str, amount: Decimal) -> Refusal:
        hold = self.holds[key]
        if not hold.is_open:
            return HoldClosed
        refused = self.refusal(amount, path=hold.path, kind=hold.rate.kind)
        if refused is None:
            hold.left += amount
        return refused

    def release(self, key: str) -> None:
        self.holds[key].is_open, self.holds[key].left = False, NOTHING

    def settle(self, key: str, hold_key: str, *, rate: Rate, quantity: Decimal, close: bool) -> Refusal:
        hold = self.holds[hold_key]
        if not hold.is_open:
            return HoldClosed
        paid = Paid(path=hold.path, rate=rate, quantity=quantity, fee=hold.fee)
        before, hold.left = hold.left, max(hold.left - paid.total, NOTHING)
        refused = self._over(paid, hold, before)
        if refused is not None:
            hold.left = before
            return refused
        self._pay(key, paid)
        if close:
            self.release(hold_key)
        return None

    def charge(self, key: str, paid: Paid, *, overshoot: bool) -> Refusal:
        refused = self.refusal(paid.total, path=paid.path, kind=paid.rate.kind, ignore_stop=overshoot)
        if refused is None:
            self._pay(key, paid)
        return refused

    def reverse(self, key: str) -> Refusal:
        if key in self.reversed:
            return AlreadyReversed
        self.reversed.add(key)
        self.paid.pop(key)
        return None

    def set_limit(self, limit: Decimal) -> Refusal:
        if limit < self.spent + self.held:
            return LimitTooLow
        if limit > self.limit and self.stop == "exhausted":
            self.stop = ""
        is_lower, self.limit = limit < self.limit, limit
        if is_lower:
            self._stop_if_spent()
        return None

    def set_cap(self, cap: str, limit: Decimal) -> Refusal:
        if limit < self.used(cap):
            return LimitTooLow
        self.caps[cap] = limit
        return None

    def resume(self) -> Refusal:
        is_spent = NOTHING < self.spent == self.limit
        has_nothing = self.limit - self.spent - self.held <= 0
        if self.stop and has_nothing and (self.stop == "exhausted" or is_spent):
            return NothingLeft
        self.stop = ""
        return None

    def reprice(self, old: Rate, new: Rate) -> Refusal:
        changed = {key: self._at(one, old, new) for key, one in self.paid.items() if old in (one.rate, one.fee)}
        if not changed:
            return NothingToReprice
        trial = Books(limit=self.limit, caps=self.caps, holds=self.holds, paid={**self.paid, **changed})
        if trial.spent + trial.held > trial.limit:
            return BudgetExceeded
        if any(trial.used(cap) > limit for cap, limit in self.caps.items()):
            return CapExceeded
        rose = trial.spent > self.spent
        self.paid = trial.paid
        if rose:
            self._stop_if_spent()
        return None

    def _at(self, paid: Paid, old: Rate, new: Rate) -> Paid:
        rate, fee = (new if one is old else one for one in (paid.rate, paid.fee))
        assert rate is not None
        return Paid(path=paid.path, rate=rate, quantity=paid.quantity, fee=fee)

    def _over(self, paid: Paid, hold: Held, before: Decimal) -> Refusal:
        """Paying takes the hold's own money first; what of it is under a cap of another kind is new to that cap."""
        if before - hold.left == paid.total and paid.rate.kind == hold.rate.kind:
            return None
        return self.refusal(paid.total, path=paid.path, kind=paid.rate.kind, ignore_stop=True)

    def _pay(self, key: str, paid: Paid) -> None:
        self.paid[key] = paid
        if paid.total > 0:
            self._stop_if_spent()

    def _stop_if_spent(self) -> None:
        if NOTHING < self.spent == self.limit and not self.stop:
            self.stop = "exhausted"
