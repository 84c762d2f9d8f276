"""A study's statement of account over a period, by when things were entered: what is printed today stays right.

Opening and closing figures are rebuilt from entries and from the audit trail's record of limits, so that opening plus
what is listed is closing, for the limit and for what was spent.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

from django.db.models import Count, Q, QuerySet, Sum
from django.db.models.functions import Coalesce
from django.utils import timezone

from accounts.models import AuditRecord
from budgets.cost_kinds import CostKind
from budgets.models import Budget, Hold, LedgerEntry, Path, sum_of
from budgets.money import ZERO, AmountChange
from reports.bills import Sharing, StudentBill, StudyLedger
from reports.queries import UnusedCosts, one_moment, unused_entries
from studies.models import Study

MOST_LISTED = 200
_LIMIT_CHANGES = ("budget.open", "budget.limit")
_IS_CORRECTION = Q(reverses__isnull=False) | Q(replaces__isnull=False)


@dataclass(frozen=True, kw_only=True)
class DayPeriod:
    """A period in whole UTC days, both included."""

    first: date
    last: date

    @property
    def start(self) -> datetime:
        return datetime.combine(self.first, time.min, tzinfo=UTC)

    @property
    def end(self) -> datetime:
        return datetime.combine(self.last, time.min, tzinfo=UTC) + timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class LimitChange(AmountChange):
    at: datetime
    who: str


@dataclass(frozen=True, kw_only=True)
class StatementLine:
    """What was entered of one kind on one path. Corrections are reversals and replacements of re-priced entries."""

    path: str
    kind: str
    num_entries: int
    entered: Decimal
    corrections: Decimal

    @property
    def path_name(self) -> str:
        return str(Path(self.path).label) if self.path else "No path"

    @property
    def kind_name(self) -> str:
        return str(CostKind(self.kind).label)

    @property
    def amount(self) -> Decimal:
        return self.entered + self.corrections


@dataclass(frozen=True, kw_only=True)
class Balance:
    limit: Decimal
    spent: Decimal

    @property
    def unspent(self) -> Decimal:
        return self.limit - self.spent


@dataclass(frozen=True, kw_only=True)
class Statement:
    """Holds, and the students' bills, are as of `written_at`; all else is of the period."""

    study: Study
    days: DayPeriod
    written_at: datetime
    opening: Balance
    closing: Balance
    limit_changes: tuple[LimitChange, ...]
    costs: tuple[StatementLine, ...]
    corrections: tuple[LedgerEntry, ...]
    num_corrections: int
    holds: tuple[Hold, ...]
    num_holds: int
    held: Decimal
    bills: tuple[StudentBill, ...]
    unused: UnusedCosts
    spent_by_now: Decimal

    @property
    def cost(self) -> Decimal:
        return sum((line.amount for line in self.costs), ZERO)

    @property
    def in_shares(self) -> Decimal:
        return sum((bill.share for bill in self.bills), ZERO)

    @property
    def adds_up(self) -> bool:
        """Whether opening plus what is listed is closing, and the students' shares hold all that was spent."""
        limits = self.opening.limit + sum((change.difference for change in self.limit_changes), ZERO)
        return (
            limits == self.closing.limit
            and self.opening.spent + self.cost == self.closing.spent
            and self.in_shares + self.unused.amount == self.spent_by_now
        )


def statement_of(*, study: Study, days: DayPeriod) -> Statement:
    """Write a study's statement, all of it as of one moment."""
    with one_moment():
        budget = Budget.objects.get(pk=study.budget_id)
        changes = _limit_changes(budget)
        within = LedgerEntry.objects.filter(budget=budget, created_at__gte=days.start, created_at__lt=days.end)
        corrections = within.filter(_IS_CORRECTION)
        holds = budget.holds.filter(closed_at__isnull=True)
        return Statement(
            study=study,
            days=days,
            written_at=timezone.now(),
            opening=_balance(budget, changes, days.start),
            closing=_balance(budget, changes, days.end),
            limit_changes=tuple(change for change in changes if days.start <= change.at < days.end),
            costs=tuple(_costs(within)),
            corrections=tuple(corrections.select_related("reverses", "price").order_by("pk")[:MOST_LISTED]),
            num_corrections=corrections.count(),
            holds=tuple(holds.order_by("-remaining", "pk")[:MOST_LISTED]),
            num_holds=holds.count(),
            held=budget.held,
            bills=tuple(Sharing(StudyLedger(study)).bills),
            unused=unused_entries(study),
            spent_by_now=budget.spent,
        )


def _balance(budget: Budget, changes: list[LimitChange], at: datetime) -> Balance:
    limit = next((change.before for change in changes if change.at >= at), budget.limit)
    return Balance(limit=limit, spent=sum_of(LedgerEntry.objects.filter(budget=budget, created_at__lt=at)))


def _limit_changes(budget: Budget) -> list[LimitChange]:
    """Each change of the limit, its opening first; one from before the audit trail opened with what it then had."""
    records = AuditRecord.objects.filter(budget_id=budget.pk, action__in=_LIMIT_CHANGES).order_by("at", "pk")
    changes = [
        LimitChange(
            at=record.at,
            who=record.who,
            before=Decimal(record.before.get("limit", 0)),
            after=Decimal(record.after["limit"]),
        )
        for record in records
    ]
    first = changes[0].before if changes else budget.limit
    if first:
        changes.insert(0, LimitChange(at=budget.created_at, who="", before=ZERO, after=first))
    return changes


def _costs(entries: QuerySet[LedgerEntry]) -> list[StatementLine]:
    rows = entries.values("path", "kind").order_by("path", "kind")
    found = rows.annotate(
        num_entries=Count("pk"),
        entered=Coalesce(Sum("amount", filter=~_IS_CORRECTION), ZERO),
        corrections=Coalesce(Sum("amount", filter=_IS_CORRECTION), ZERO),
    )
    return [StatementLine(**row) for row in found]
