from decimal import Decimal

from budgets.models import Price
from runs.money import cost_of, seconds_of


def test_an_hour_costs_its_price() -> None:
    assert cost_of(seconds=Decimal(3600), price=Price(amount=Decimal("0.6"))) == Decimal("0.600000")


def test_a_second_is_rounded_to_a_millionth() -> None:
    assert cost_of(seconds=Decimal("1.000"), price=Price(amount=Decimal("0.6"))) == Decimal("0.000167")


def test_seconds_are_kept_to_the_millisecond_and_never_negative() -> None:
    assert seconds_of(1.23456) == Decimal("1.235")
    assert seconds_of(-0.5) == Decimal("0.000")
