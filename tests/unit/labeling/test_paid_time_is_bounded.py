from datetime import timedelta
from decimal import Decimal

import pytest

from budgets.cost_kinds import CostKind
from labeling.payment import paid_quantity
from labeling.payment.pay import hours


@pytest.mark.parametrize(
    ("seconds", "paid"),
    [
        (0, "0"),
        (36, "0.010000"),
        (300, "0.083333333333"),
        (301, "0.083333333333"),
        (1e9, "0.083333333333"),
        (-7, "0"),
        (None, "0"),
    ],
)
def test_hours_are_those_of_the_lead_time_up_to_the_most(seconds: float | None, paid: str) -> None:
    lead_time = None if seconds is None else timedelta(seconds=seconds)
    found = paid_quantity(cost_kind=CostKind.LABELLING_HOUR, lead_time=lead_time, max_paid_seconds=300)
    assert found == Decimal(paid)


def test_a_label_is_one_however_long_it_took() -> None:
    assert paid_quantity(cost_kind=CostKind.LABEL, lead_time=timedelta(hours=9), max_paid_seconds=300) == 1


def test_hours_name_each_microsecond() -> None:
    assert hours(timedelta(microseconds=1)) == Decimal("0.000000000278")
    assert hours(timedelta(microseconds=1_800)) == Decimal("0.0000005")
