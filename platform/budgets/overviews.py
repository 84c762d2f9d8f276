"""What a budget's page and the page of prices show: each a few sums, whatever the number of entries."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

from django.db.models import Count, QuerySet, Sum

from budgets.cost_kinds import CostKind
from budgets.ledger import used
from budgets.models import Budget, BudgetStop, Cap, Hold, LedgerEntry, Path, Price, Tally, sum_of
from budgets.money import ZERO

_LINE = ("book_id", "kind", "device", "budget_id", "annotator_id")


@dataclass(frozen=True, kw_only=True)
class KindUsage:
    """What one kind of one path has taken of a budget; `kind` None for the whole path."""

    path: str
    kind: str | None
    spent: Decimal
    held: Decimal

    @property
    def what(self) -> str:
        if self.kind is not None:
            return str(CostKind(self.kind).label)
        return str(Path(self.path).label) if self.path else "No path"

    @property
    def taken(self) -> Decimal:
        return self.spent + self.held


@dataclass(frozen=True, kw_only=True)
class CapUsage:
    cap: Cap
    used: Decimal

    @property
    def left(self) -> Decimal:
        return self.cap.limit - self.used

    @property
    def share(self) -> float:
        return float(self.used / self.cap.limit) if self.cap.limit else 1.0


class CurrencyOverview(NamedTuple):
    currency: str
    num_budgets: int
    num_stopped: int
    limit: Decimal
    spent: Decimal
    held: Decimal

    @property
    def available(self) -> Decimal:
        return self.limit - self.spent - self.held


class PriceState(StrEnum):
    IN_FORCE = "in force"
    TO_COME = "to come"
    PAST = "past"
    ENDED = "ended"
    CORRECTION = "correction"


class PriceUsage(NamedTuple):
    """What was entered at a price, reversals taken off."""

    amount: Decimal
    num_entries: int


def breakdown(budget: Budget) -> list[KindUsage]:
    """What each path took, each followed by its kinds; the largest first."""
    sums: dict[tuple[str, str | None], list[Decimal]] = defaultdict(lambda: [ZERO, ZERO])
    tallies = budget.tallies.values_list("path", "kind").annotate(Sum("amount"))
    holds = budget.holds.filter(closed_at__isnull=True).values_list("path", "kind").annotate(Sum("remaining"))
    for place, rows in enumerate((tallies, holds)):
        for path, kind, total in rows:
            sums[path, kind][place] += total
            sums[path, None][place] += total
    usages = [KindUsage(path=path, kind=kind, spent=spent, held=held) for (path, kind), (spent, held) in sums.items()]
    taken = {usage.path: usage.taken for usage in usages if usage.kind is None}
    # A path comes before its kinds.
    usages.sort(key=lambda one: (-taken[one.path], one.path, one.kind is not None, -one.taken, one.kind or ""))
    return usages


def cap_uses(budget: Budget) -> list[CapUsage]:
    return [
        CapUsage(cap=cap, used=used(cap=cap)) for cap in budget.caps.select_related("budget").order_by("-path", "kind")
    ]


def overshoot(budget: Budget) -> Decimal:
    """What was paid after a stop for work that was open when it came, reversals taken off."""
    paid = LedgerEntry.objects.filter(budget=budget, overshoot=True)
    return sum_of(paid) + sum_of(paid, "reversal__amount")


def totals_by_currency() -> list[CurrencyOverview]:
    rows = Budget.objects.order_by("currency").values_list("currency")
    sums = rows.annotate(Count("pk"), Count("stopped_at"), Sum("limit"), Sum("spent"), Sum("held"))
    return [CurrencyOverview(*row) for row in sums]


def num_withdrawn(stop: BudgetStop) -> int:
    """Count the holds for labelling that were given back because of a stop."""
    ended = {"closed_at__lte": stop.ended_at} if stop.ended_at else {}
    since = Hold.objects.filter(budget=stop.budget_id, closed_at__gte=stop.started_at, **ended)
    return since.filter(close_reason__startswith="withdrawn").count()


def price_states(prices: Iterable[Price], *, at: datetime) -> dict[int, PriceState]:
    """The state of each price at a time, by its id."""
    rows = list(prices)
    started = Price.objects.filter(starts_at__lte=at, corrects__isnull=True, book__in={price.book_id for price in rows})
    latest = set(started.order_by(*_LINE, "-starts_at").distinct(*_LINE).values_list("pk", flat=True))
    return {price.pk: _state(price, latest, at) for price in rows}


def _state(price: Price, latest: set[int], at: datetime) -> PriceState:
    if price.corrects_id is not None:
        return PriceState.CORRECTION
    if price.starts_at > at:
        return PriceState.TO_COME
    if price.pk not in latest:
        return PriceState.PAST
    return PriceState.IN_FORCE if price.amount is not None else PriceState.ENDED


def current_prices(*, at: datetime) -> QuerySet[Price]:
    """Prices in force at a time and those to come; what is over, and corrections of the past, left out."""
    ours = Price.objects.filter(corrects__isnull=True)
    latest = ours.filter(starts_at__lte=at).order_by(*_LINE, "-starts_at").distinct(*_LINE)
    in_force = Price.objects.filter(pk__in=latest.values("pk"), amount__isnull=False)
    return in_force | ours.filter(starts_at__gt=at)


def line_of(price: Price) -> QuerySet[Price]:
    """All prices for the same thing in the same scope, the latest start first, corrections beside what they correct."""
    rows = Price.objects.filter(**{name: getattr(price, name) for name in _LINE})
    return rows.select_related("book", "created_by", "budget", "annotator", "corrects").order_by("-starts_at", "-pk")


def uses_of(prices: Iterable[Price]) -> dict[int, PriceUsage]:
    """What was entered at each price, by its id; prices that nothing was entered at are left out."""
    rows = Tally.objects.filter(price__in=[price.pk for price in prices]).order_by().values_list("price")
    return {pk: PriceUsage(*sums) for pk, *sums in rows.annotate(Sum("amount"), Sum("num_entries"))}
