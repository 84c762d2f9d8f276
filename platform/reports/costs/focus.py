"""Ledger entries in the columns of FOCUS 1.2, the FinOps Open Cost and Usage Specification (focus.finops.org).

One row per entry. Billed is what the ledger holds; list and contracted cost are the price times the quantity, which the
ledger rounds to a millionth. A charge's period is the day of the work, its billing period the month. A row that
corrects an earlier month is a correction; one within its own month is not, as the specification wants it. A study's
month is an invoice. What Fulcrum has nothing of is null, or left out where the specification allows.
"""

import json
from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from operator import attrgetter

from budgets.cost_kinds import CostKind
from budgets.ledger import month_of
from budgets.money import trim_quantity
from reports.costs.costs import next_month, start_of
from reports.costs.rows import EntryRow
from reports.sources import reader_of

PROVIDER = "Fulcrum"


class _Charge:
    """An entry, and what several of its columns are made of."""

    __slots__ = ("by_price", "day", "kind", "month", "quantity", "row", "unit", "unit_price")

    def __init__(self, row: EntryRow) -> None:
        self.row = row
        self.kind = CostKind(row.kind)
        self.month = month_of(row.occurred_at)
        self.day = datetime.combine(row.occurred_at.astimezone(UTC).date(), time.min, tzinfo=UTC)
        self.unit_price = row.price / 100 if self.kind == CostKind.PLATFORM_FEE else row.price
        self.quantity = trim_quantity(row.quantity)
        self.by_price = self.unit_price * self.quantity
        unit = self.kind.facts.unit
        self.unit = unit.focus_name if unit else row.currency


# Each column of FOCUS 1.2 that applies, then ours; None is null.
_TABLE: dict[str, Callable[[_Charge], object]] = {
    "BilledCost": attrgetter("row.amount"),
    "BillingAccountId": lambda _: PROVIDER.lower(),
    "BillingAccountName": lambda _: PROVIDER,
    "BillingCurrency": attrgetter("row.currency"),
    "BillingPeriodEnd": lambda one: _moment(start_of(next_month(one.month))),
    "BillingPeriodStart": lambda one: _moment(start_of(one.month)),
    "ChargeCategory": lambda _: "Usage",
    "ChargeClass": lambda one: "Correction" if _corrects_an_earlier_month(one.row) else None,
    "ChargeDescription": lambda one: _description(one.row, one.kind),
    "ChargeFrequency": lambda _: "Usage-Based",
    "ChargePeriodEnd": lambda one: _moment(one.day + timedelta(days=1)),
    "ChargePeriodStart": lambda one: _moment(one.day),
    "CommitmentDiscountStatus": lambda _: None,
    "ConsumedQuantity": attrgetter("quantity"),
    "ConsumedUnit": attrgetter("unit"),
    "ContractedCost": attrgetter("by_price"),
    "ContractedUnitPrice": attrgetter("unit_price"),
    "EffectiveCost": attrgetter("row.amount"),
    "InvoiceId": lambda one: f"statement:{one.row.budget_id}:{one.month:%Y-%m}",
    "InvoiceIssuerName": lambda _: PROVIDER,
    "ListCost": attrgetter("by_price"),
    "ListUnitPrice": attrgetter("unit_price"),
    "PricingCategory": lambda _: "Standard",
    "PricingCurrency": attrgetter("row.currency"),
    "PricingCurrencyContractedUnitPrice": attrgetter("unit_price"),
    "PricingCurrencyEffectiveCost": attrgetter("row.amount"),
    "PricingCurrencyListUnitPrice": attrgetter("unit_price"),
    "PricingQuantity": attrgetter("quantity"),
    "PricingUnit": attrgetter("unit"),
    "ProviderName": lambda _: PROVIDER,
    "PublisherName": lambda _: PROVIDER,
    "ResourceId": attrgetter("row.subject_key"),
    "ResourceName": lambda _: None,
    "ResourceType": lambda one: reader_of(one.row.subject_key).resource_type,
    "ServiceCategory": lambda _: "AI and Machine Learning",
    "ServiceName": lambda one: one.kind.facts.focus_service.name,
    "ServiceSubcategory": lambda one: one.kind.facts.focus_service.subcategory,
    "SkuId": lambda one: f"{one.kind.value}:{one.row.device}" if one.row.device else one.kind.value,
    "SkuMeter": attrgetter("kind.label"),
    "SkuPriceDetails": lambda _: None,
    "SkuPriceId": lambda one: f"price:{one.row.price_id}",
    "SubAccountId": lambda one: f"budget:{one.row.budget_id}",
    "SubAccountName": attrgetter("row.name"),
    "Tags": lambda one: _tags(one.row),
    "x_Annotator": attrgetter("row.annotator"),
    "x_EnteredAt": lambda one: _moment(one.row.entered_at),
    "x_EntryId": attrgetter("row.entry_id"),
    "x_Kind": attrgetter("row.kind"),
    "x_OccurredAt": lambda one: _moment(one.row.occurred_at),
    "x_Origin": attrgetter("row.origin"),
    "x_Overshoot": lambda one: "true" if one.row.overshoot else "false",
    "x_Path": lambda one: one.row.path or None,
    "x_ReplacesEntryId": attrgetter("row.replaces_id"),
    "x_ReversesEntryId": attrgetter("row.reverses_id"),
    "x_Run": lambda one: one.row.run or None,
    "x_SourceKey": attrgetter("row.source_key"),
}
COLUMNS = tuple(_TABLE)
_CELLS = tuple(_TABLE.values())


def focus_row(row: EntryRow) -> list[object]:
    """Write one entry in the order of COLUMNS."""
    charge = _Charge(row)
    return [cell(charge) for cell in _CELLS]


def _corrects_an_earlier_month(row: EntryRow) -> bool:
    """A reversal is in the month it was entered in, a replacement in that of the work."""
    if row.reversed_at is not None:
        return month_of(row.reversed_at) < month_of(row.entered_at)
    return row.replaces_id is not None and month_of(row.occurred_at) < month_of(row.entered_at)


def _description(row: EntryRow, kind: CostKind) -> str:
    what = f"Reversal of {kind.label.lower()}" if row.reverses_id else kind.label
    return f"{what}: {row.memo}" if row.memo else what


def _tags(row: EntryRow) -> str:
    tags = {"path": row.path, "origin": row.origin, "run": row.run, "annotator": row.annotator}
    return json.dumps({name: value for name, value in tags.items() if value}, ensure_ascii=False)


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
