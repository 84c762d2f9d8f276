"""What a budget can still take, by its limit and by its caps, and the refusals that say why not."""

from decimal import Decimal

from django.db.models import Q

from budgets.models import Budget, BudgetStop, Cap, Hold, Tally, sum_of
from budgets.money import ZERO, amount_text
from config.refusals import Refusal


class BudgetExceeded(Refusal):
    """The budget cannot take this amount; nothing was entered."""

    def __init__(self, *, budget: Budget, wanted: Decimal, left: Decimal | None = None, where: str = "") -> None:
        self.budget = budget
        self.wanted = wanted
        self.left = budget.available if left is None else left
        self.missing = wanted - self.left
        super().__init__(
            f"Budget “{budget.name}” has {amount_text(self.left)} {budget.currency} left{where}; this needs "
            f"{amount_text(wanted)}, which is {amount_text(self.missing)} {budget.currency} more. Raise the "
            f"{'cap' if where else 'limit'} or request less."
        )


class CapExceeded(BudgetExceeded):
    """A cap on a path or a kind cannot take this amount; nothing was entered."""

    def __init__(self, *, cap: Cap, wanted: Decimal, left: Decimal) -> None:
        self.cap = cap
        super().__init__(budget=cap.budget, wanted=wanted, left=left, where=f" under its cap for {str(cap).lower()}")


class BudgetStopped(Refusal):
    """A stop is active: nothing new is bought until a manager resumes the budget or tops it up."""

    def __init__(self, budget: Budget) -> None:
        stop = budget.active_stop
        why = f": {stop.reason.rstrip('.')}" if stop else ""
        super().__init__(f"Budget “{budget.name}” is stopped{why}. {_way_out(budget, stop)}")


def _way_out(budget: Budget, stop: BudgetStop | None) -> str:
    if budget.archived_at is not None:
        return "Unarchive its study first."
    if stop is not None and stop.needs_top_up:
        then = "" if stop.is_exhausted else ", then resume it"
        return f"Top it up on its budget page{then}: until then nothing starts, including work that costs nothing."
    or_top_up = ", or top it up," if stop is not None and stop.is_exhausted else ""
    return f"Resume it{or_top_up} on its budget page."


class Headroom:
    """What a locked budget can still take. Read once; what is taken from it is taken off."""

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self._left = budget.available
        self._caps = list(budget.caps.select_related("budget"))
        self._cap_left = {cap.pk: cap.limit - used(cap=cap) for cap in self._caps}

    def check(self, *, amount: Decimal, path: str, kind: str, ignore_stop: bool = False) -> None:
        """Raise BudgetStopped, BudgetExceeded or CapExceeded where the budget cannot take an amount."""
        if self._budget.is_stopped and not ignore_stop:
            raise BudgetStopped(self._budget)
        if amount > self._left:
            raise BudgetExceeded(budget=self._budget, wanted=amount, left=self._left)
        for cap in self._covering(path, kind):
            if amount > self._cap_left[cap.pk]:
                raise CapExceeded(cap=cap, wanted=amount, left=self._cap_left[cap.pk])

    def left(self, *, path: str, kind: str) -> Decimal:
        """The most that one purchase of this path and kind could take."""
        if self._budget.is_stopped:
            return ZERO
        return max(min([self._left, *(self._cap_left[cap.pk] for cap in self._covering(path, kind))]), ZERO)

    def take(self, *, amount: Decimal, path: str, kind: str) -> None:
        """Take an amount off, which the caller is about to hold or spend; a negative one is there again."""
        self._left -= amount
        for cap in self._covering(path, kind):
            self._cap_left[cap.pk] -= amount

    def _covering(self, path: str, kind: str) -> list[Cap]:
        return [cap for cap in self._caps if (cap.path == path if cap.path else cap.kind == kind)]


def headroom(*, budget: Budget, path: str = "", kind: str = "") -> Decimal:
    """Say how much a purchase of this path and kind could take now, by limit and caps; zero while a stop is active."""
    return Headroom(Budget.objects.get(pk=budget.pk)).left(path=path, kind=kind)


def used(*, cap: Cap) -> Decimal:
    """What was spent and is held of a cap's path or kind."""
    ours = Q(path=cap.path) if cap.path else Q(kind=cap.kind)
    fees = Q(fee_on_kind=cap.kind) if cap.kind else Q()
    spent = sum_of(Tally.objects.filter(ours | fees, budget=cap.budget_id), "amount")
    held = sum_of(Hold.objects.filter(ours, budget=cap.budget_id, closed_at__isnull=True), "remaining")
    return spent + held
