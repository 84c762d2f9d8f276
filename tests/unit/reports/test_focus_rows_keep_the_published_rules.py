"""The rules of FOCUS 1.2 for the columns of its cost and usage data set, as far as a row can be held against them."""

import json
import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from budgets.cost_kinds import CostKind
from reports.costs.focus import COLUMNS, focus_row
from reports.costs.rows import EntryRow

# Must be there, and must not be null (for ChargeClass: null unless the row is a correction).
MANDATORY = {
    "BilledCost",
    "BillingAccountId",
    "BillingAccountName",
    "BillingCurrency",
    "BillingPeriodEnd",
    "BillingPeriodStart",
    "ChargeCategory",
    "ChargeClass",
    "ChargeDescription",
    "ChargePeriodEnd",
    "ChargePeriodStart",
    "ContractedCost",
    "EffectiveCost",
    "InvoiceIssuerName",
    "ListCost",
    "PricingQuantity",
    "PricingUnit",
    "ProviderName",
    "PublisherName",
    "ServiceCategory",
    "ServiceName",
}
# There because we measure usage, have unit prices, a price list, studies and things that are billed.
CONDITIONAL = {
    "ConsumedQuantity",
    "ConsumedUnit",
    "ContractedUnitPrice",
    "ListUnitPrice",
    "PricingCategory",
    "ResourceId",
    "ResourceName",
    "ResourceType",
    "SkuId",
    "SkuMeter",
    "SkuPriceDetails",
    "SkuPriceId",
    "SubAccountId",
    "SubAccountName",
    "Tags",
}
RECOMMENDED = {"ChargeFrequency", "InvoiceId", "ServiceSubcategory"}
MAY_BE_NULL = {"ChargeClass", "CommitmentDiscountStatus", "ResourceName", "SkuPriceDetails"}
DECIMALS = [name for name in COLUMNS if re.search(r"^[A-Z].*(Cost|Price|Quantity)$", name)]
MOMENTS = [name for name in COLUMNS if re.search(r"Period(Start|End)$|^x_\w+At$", name)]
MOMENT = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")
SUBCATEGORIES = {"AI and Machine Learning": {"Machine Learning", "Generative AI", "Other (AI and Machine Learning)"}}
AT = datetime(2026, 12, 31, 23, 59, tzinfo=UTC)


def row(**changes: Any) -> EntryRow:
    values: dict[str, Any] = {
        "entry_id": 1,
        "budget_id": 2,
        "study": "Sport",
        "budget": "Sport",
        "currency": "EUR",
        "occurred_at": AT,
        "entered_at": AT,
        "kind": CostKind.LABEL,
        "path": "annotate",
        "origin": "person",
        "annotator": "ann@example.com",
        "run": "",
        "quantity": Decimal("1.000000"),
        "price_id": 3,
        "price": Decimal("0.129000"),
        "device": "",
        "amount": Decimal("0.129000"),
        "source_key": "annotation:1",
        "subject_key": "annotation:1",
        "memo": "",
        "overshoot": False,
        "reverses_id": None,
        "replaces_id": None,
        "reversed_at": None,
    }
    return EntryRow(**{**values, **changes})


def focus(**changes: Any) -> dict[str, Any]:
    return dict(zip(COLUMNS, focus_row(row(**changes)), strict=True))


ROWS = [
    *(focus(kind=kind) for kind in CostKind if kind != CostKind.DEVICE_HOUR),
    focus(kind=CostKind.DEVICE_HOUR, device="cuda", subject_key="run:5:attempt:1", run="run:5", annotator=None),
    focus(kind=CostKind.PLATFORM_FEE, quantity=Decimal("0.129"), price=Decimal("12.5"), amount=Decimal("0.016125")),
    focus(reverses_id=1, reversed_at=AT, quantity=Decimal(-1), amount=Decimal("-0.129")),
]


def test_columns_are_there_and_named_as_the_rules_want() -> None:
    theirs = [name for name in COLUMNS if not name.startswith("x_")]
    assert set(theirs) >= MANDATORY | CONDITIONAL | RECOMMENDED
    assert all(re.fullmatch(r"[A-Z][A-Za-z]{1,49}", name) for name in theirs)
    assert list(COLUMNS[: len(theirs)]) == theirs
    assert len(set(COLUMNS)) == len(COLUMNS)


@pytest.mark.parametrize("found", ROWS)
def test_only_what_may_be_null_is_null(found: dict[str, Any]) -> None:
    empty = {name for name, value in found.items() if value is None and not name.startswith("x_")}
    assert empty <= MAY_BE_NULL
    assert "" not in found.values()


@pytest.mark.parametrize("found", ROWS)
def test_values_have_their_formats(found: dict[str, Any]) -> None:
    assert all(isinstance(found[name], Decimal) for name in DECIMALS)
    assert all(MOMENT.match(found[name]) for name in MOMENTS)
    assert re.fullmatch(r"[A-Z]{3}", found["BillingCurrency"])
    assert all(isinstance(value, str) for value in json.loads(found["Tags"]).values())


@pytest.mark.parametrize("found", ROWS)
def test_categories_are_among_the_allowed_ones(found: dict[str, Any]) -> None:
    assert found["ChargeCategory"] in {"Usage", "Purchase", "Tax", "Credit", "Adjustment"}
    assert found["ChargeFrequency"] in {"One-Time", "Recurring", "Usage-Based"}
    assert found["PricingCategory"] in {"Standard", "Dynamic", "Committed", "Other"}
    assert found["ServiceSubcategory"] in SUBCATEGORIES[found["ServiceCategory"]]


@pytest.mark.parametrize("found", ROWS)
def test_price_times_quantity_is_the_cost(found: dict[str, Any]) -> None:
    for cost, price in (("ListCost", "ListUnitPrice"), ("ContractedCost", "ContractedUnitPrice")):
        assert found[price] >= 0
        assert found[price] * found["PricingQuantity"] == found[cost]
    assert found["EffectiveCost"] == found["BilledCost"]


@pytest.mark.parametrize("found", ROWS)
def test_a_charge_lies_in_its_billing_period(found: dict[str, Any]) -> None:
    assert found["BillingPeriodStart"] <= found["ChargePeriodStart"] < found["ChargePeriodEnd"]
    assert found["ChargePeriodEnd"] <= found["BillingPeriodEnd"]
    assert found["BillingPeriodEnd"] == "2027-01-01T00:00:00Z"


def test_a_correction_of_an_earlier_month_says_so() -> None:
    later = datetime(2027, 1, 1, tzinfo=UTC)
    assert focus(reverses_id=1, reversed_at=AT, entered_at=later)["ChargeClass"] == "Correction"
    assert focus(replaces_id=1, entered_at=later)["ChargeClass"] == "Correction"


def test_a_correction_within_its_month_is_an_ordinary_charge() -> None:
    assert focus(reverses_id=1, reversed_at=AT)["ChargeClass"] is None
    assert focus(replaces_id=1)["ChargeClass"] is None
    assert focus(entered_at=datetime(2027, 1, 1, tzinfo=UTC))["ChargeClass"] is None
