"""Ledger entries in the columns of FOCUS 1.2, the FinOps Open Cost and Usage Specification (focus.finops.org).

One row per entry. Billed is what the ledger holds; list and contracted cost are the price times the quantity, which the
ledger rounds to a millionth. A charge's period is the day of the work, its billing period the month. A row that
corrects an earlier month is a correction; one within its own month is not, as the specification wants it. A study's
month is an invoice. What Fulcrum has nothing of is null, or left out where the specification allows.
"""

import json
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from typing import NamedTuple

from budgets.ledger import month_of
from budgets.models import PAID_TO_PEOPLE, Kind
from budgets.money import trim_quantity
from reports.costs.costs import next_month, start_of
from reports.costs.rows import EntryRow

PROVIDER = "Fulcrum"
_CATEGORY = "AI and Machine Learning"
_OTHER = "Other (AI and Machine Learning)"


class _Service(NamedTuple):
    name: str
    subcategory: str


_LABELLING = _Service("Labelling", _OTHER)
_FEE = _Service("Labelling platform", _OTHER)
_COMPUTE = _Service("Training and scoring", "Machine Learning")
_TOKENS = _Service("Teacher tokens", "Generative AI")
_SERVICES = {
    **dict.fromkeys(PAID_TO_PEOPLE, _LABELLING),
    Kind.PLATFORM_FEE: _FEE,
    Kind.DEVICE_HOUR: _COMPUTE,
    Kind.KWH: _COMPUTE,
    **dict.fromkeys((Kind.INPUT_TOKENS, Kind.CACHED_TOKENS, Kind.OUTPUT_TOKENS), _TOKENS),
}
_UNITS = {
    Kind.LABEL: "Labels",
    Kind.LABELLING_HOUR: "Hours",
    Kind.REVIEW: "Reviews",
    Kind.SKIP: "Skips",
    Kind.DEVICE_HOUR: "Hours",
    Kind.INPUT_TOKENS: "1000 Tokens",
    Kind.CACHED_TOKENS: "1000 Tokens",
    Kind.OUTPUT_TOKENS: "1000 Tokens",
    Kind.KWH: "kWh",
}
_RESOURCE_TYPES = {"annotation": "Annotation", "run": "Run attempt"}

COLUMNS = (
    "BilledCost",
    "BillingAccountId",
    "BillingAccountName",
    "BillingCurrency",
    "BillingPeriodEnd",
    "BillingPeriodStart",
    "ChargeCategory",
    "ChargeClass",
    "ChargeDescription",
    "ChargeFrequency",
    "ChargePeriodEnd",
    "ChargePeriodStart",
    "CommitmentDiscountStatus",
    "ConsumedQuantity",
    "ConsumedUnit",
    "ContractedCost",
    "ContractedUnitPrice",
    "EffectiveCost",
    "InvoiceId",
    "InvoiceIssuerName",
    "ListCost",
    "ListUnitPrice",
    "PricingCategory",
    "PricingCurrency",
    "PricingCurrencyContractedUnitPrice",
    "PricingCurrencyEffectiveCost",
    "PricingCurrencyListUnitPrice",
    "PricingQuantity",
    "PricingUnit",
    "ProviderName",
    "PublisherName",
    "ResourceId",
    "ResourceName",
    "ResourceType",
    "ServiceCategory",
    "ServiceName",
    "ServiceSubcategory",
    "SkuId",
    "SkuMeter",
    "SkuPriceDetails",
    "SkuPriceId",
    "SubAccountId",
    "SubAccountName",
    "Tags",
    "x_Annotator",
    "x_EnteredAt",
    "x_EntryId",
    "x_Kind",
    "x_OccurredAt",
    "x_Origin",
    "x_Overshoot",
    "x_Path",
    "x_ReplacesEntryId",
    "x_ReversesEntryId",
    "x_Run",
    "x_SourceKey",
)


def focus_row(row: EntryRow) -> list[object]:
    """Write one entry in the order of COLUMNS; None is null."""
    kind, service = Kind(row.kind), _SERVICES[Kind(row.kind)]
    month, day = month_of(row.occurred_at), row.occurred_at.astimezone(UTC).date()
    first_moment = datetime.combine(day, time.min, tzinfo=UTC)
    unit_price = _unit_price(row)
    quantity = trim_quantity(row.quantity)
    by_price = unit_price * quantity
    unit = _UNITS.get(kind, row.currency)
    return [
        row.amount,
        PROVIDER.lower(),
        PROVIDER,
        row.currency,
        _moment(start_of(next_month(month))),
        _moment(start_of(month)),
        "Usage",
        "Correction" if _corrects_an_earlier_month(row) else None,
        _description(row, kind),
        "Usage-Based",
        _moment(first_moment + timedelta(days=1)),
        _moment(first_moment),
        None,
        quantity,
        unit,
        by_price,
        unit_price,
        row.amount,
        f"statement:{row.budget_id}:{month:%Y-%m}",
        PROVIDER,
        by_price,
        unit_price,
        "Standard",
        row.currency,
        unit_price,
        row.amount,
        unit_price,
        quantity,
        unit,
        PROVIDER,
        PROVIDER,
        row.subject_key,
        None,
        _RESOURCE_TYPES.get(row.subject_key.partition(":")[0], "Charge"),
        _CATEGORY,
        service.name,
        service.subcategory,
        f"{kind.value}:{row.device}" if row.device else kind.value,
        kind.label,
        None,
        f"price:{row.price_id}",
        f"budget:{row.budget_id}",
        row.name,
        _tags(row),
        *_own(row),
    ]


def _own(row: EntryRow) -> list[object]:
    return [
        row.annotator,
        _moment(row.entered_at),
        row.entry_id,
        row.kind,
        _moment(row.occurred_at),
        row.origin,
        "true" if row.overshoot else "false",
        row.path or None,
        row.replaces_id,
        row.reverses_id,
        row.run or None,
        row.source_key,
    ]


def _unit_price(row: EntryRow) -> Decimal:
    return row.price / 100 if row.kind == Kind.PLATFORM_FEE else row.price


def _corrects_an_earlier_month(row: EntryRow) -> bool:
    """A reversal is in the month it was entered in, a replacement in that of the work."""
    if row.reversed_at is not None:
        return month_of(row.reversed_at) < month_of(row.entered_at)
    return row.replaces_id is not None and month_of(row.occurred_at) < month_of(row.entered_at)


def _description(row: EntryRow, kind: Kind) -> str:
    what = f"Reversal of {kind.label.lower()}" if row.reverses_id else kind.label
    return f"{what}: {row.memo}" if row.memo else what


def _tags(row: EntryRow) -> str:
    tags = {"path": row.path, "origin": row.origin, "run": row.run, "annotator": row.annotator}
    return json.dumps({name: value for name, value in tags.items() if value}, ensure_ascii=False)


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
