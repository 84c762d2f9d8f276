from decimal import Decimal

import pytest

from reports.wording import exact, money, percent, points_per_dollar


@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [
        ("1234.5", "USD", "$1,234.50"),
        ("0", "USD", "$0.00"),
        ("0.000167", "USD", "$0.000167"),
        ("0.005", "USD", "$0.005"),
        ("-0.1", "EUR", "-€0.10"),
        ("3", "CHF", "3.00 CHF"),
    ],
)
def test_money_names_its_currency_and_never_shows_a_cost_as_nothing(amount: str, currency: str, text: str) -> None:
    assert money(Decimal(amount), currency=currency) == text


@pytest.mark.parametrize(("amount", "text"), [("1.875", "$1.875"), ("0.1", "$0.10"), ("12", "$12.00")])
def test_a_price_keeps_all_its_decimals(amount: str, text: str) -> None:
    assert exact(Decimal(amount), currency="USD") == text


def test_missing_figures_are_a_dash() -> None:
    assert (percent(None), points_per_dollar(None)) == ("-", "-")


def test_utilities_are_percent_and_slopes_are_points() -> None:
    assert (percent(0.7164), points_per_dollar(0.0123)) == ("71.6 %", "+1.23")
