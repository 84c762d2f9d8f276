"""Reads of money: totals rebuilt from the rows, and where they differ from what is stored."""

from dataclasses import dataclass
from decimal import Decimal

from django.db.models import F, Sum
from django.db.models.functions import Coalesce, Greatest

from budgets.models import Budget, Hold, LedgerEntry
from budgets.money import ZERO


@dataclass(frozen=True, kw_only=True)
class Difference:
    """A stored figure that its source rows do not bear out."""

    what: str
    stored: Decimal | str
    rebuilt: Decimal | str

    def __str__(self) -> str:
        return f"{self.what}: stored {self.stored}, rebuilt {self.rebuilt}"


def differences(budget: Budget) -> list[Difference]:
    """Rebuild a budget's totals and holds from entries; list what does not agree."""
    spent = _total(LedgerEntry.objects.filter(budget=budget), "amount")
    held = _total(Hold.objects.filter(budget=budget, closed_at__isnull=True), "remaining")
    found = []
    if budget.spent != spent:
        found.append(Difference(what=f"{budget}: spent", stored=budget.spent, rebuilt=spent))
    if budget.held != held:
        found.append(Difference(what=f"{budget}: held", stored=budget.held, rebuilt=held))
    if spent + held > budget.limit:
        found.append(Difference(what=f"{budget}: over its limit", stored=budget.limit, rebuilt=spent + held))
    return found + _hold_differences(budget) + _reversal_differences(budget)


def _total(rows: "object", field: str) -> Decimal:
    total = rows.aggregate(total=Coalesce(Sum(field), ZERO))["total"]  # type: ignore[attr-defined]
    return Decimal(total)


def _hold_differences(budget: Budget) -> list[Difference]:
    """An open hold has left what it was placed for less what was entered against it."""
    charged = Coalesce(Sum("entries__amount"), ZERO)
    wrong = (
        Hold.objects.filter(budget=budget, closed_at__isnull=True)
        .annotate(left=Greatest(F("amount") - charged, ZERO))
        .exclude(remaining=F("left"))
    )
    return [
        Difference(what=f"hold {hold.source_key}: remaining", stored=hold.remaining, rebuilt=hold.left)
        for hold in wrong
    ]


def _reversal_differences(budget: Budget) -> list[Difference]:
    """A reversal undoes the whole of its entry, in the same budget."""
    wrong = (
        LedgerEntry.objects.filter(budget=budget, reverses__isnull=False)
        .exclude(amount=-F("reverses__amount"), reverses__budget=budget)
        .select_related("reverses")
    )
    return [
        Difference(what=f"reversal {entry.source_key}", stored=entry.amount, rebuilt=-entry.reverses.amount)
        for entry in wrong
        if entry.reverses
    ]
