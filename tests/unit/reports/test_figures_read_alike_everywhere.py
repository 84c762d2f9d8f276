from decimal import Decimal

import pytest

from reports.formatting import adding_up, exact, money, money_range, percent, points_per_dollar


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


@pytest.mark.parametrize(
    ("low", "high", "text"),
    [
        ("2.6", "4", "$2.60 to $4.00"),
        ("0.000605", "0.25", "$0.00 to $0.25"),
        ("0.000605", "0.0042", "$0.000605 to $0.004200"),
        ("0", "0", "$0.00 to $0.00"),
    ],
)
def test_a_range_has_no_more_decimals_than_its_upper_end_needs(low: str, high: str, text: str) -> None:
    assert money_range(Decimal(low), Decimal(high), currency="USD") == text


@pytest.mark.parametrize(("amount", "text"), [("1.875", "$1.875"), ("0.1", "$0.10"), ("12", "$12.00")])
def test_a_price_keeps_all_its_decimals(amount: str, text: str) -> None:
    assert exact(Decimal(amount), currency="USD") == text


def test_missing_figures_are_a_dash() -> None:
    assert (percent(None), points_per_dollar(None)) == ("\N{EN DASH}", "\N{EN DASH}")


def test_utilities_are_percent_and_slopes_are_points() -> None:
    assert (percent(0.7164), points_per_dollar(0.0123)) == ("71.6 %", "+1.23")


@pytest.mark.parametrize(
    ("parts", "written"),
    [
        (["4.094", "0.544"], ["$4.094", "$0.544", "$4.638"]),
        (["4.10", "0.54"], ["$4.10", "$0.54", "$4.64"]),
        (["0.005", "0.005"], ["$0.005", "$0.005", "$0.01"]),
        (["4.10", "0.0024"], ["$4.100", "$0.002", "$4.102"]),
        (["0.3333335", "-0.1111115"], ["$0.33", "-$0.11", "$0.22"]),
        ([], ["$0.00"]),
    ],
)
def test_the_parts_of_a_sum_add_up_as_they_are_written(parts: list[str], written: list[str]) -> None:
    amounts = [Decimal(part) for part in parts]
    table = adding_up("USD", amounts)
    found = [table.text(amount) for amount in [*amounts, sum(amounts, Decimal(0))]]
    assert found == written
    figures = [Decimal(one.replace("$", "")) for one in found]
    assert sum(figures[:-1]) == figures[-1]


def test_a_table_with_several_sums_has_one_number_of_decimals() -> None:
    halves, thirds = [Decimal("0.005")] * 2, [Decimal("0.333333"), Decimal("0.333333"), Decimal("0.333334")]
    assert adding_up("EUR", halves).decimals == 2
    assert adding_up("EUR", halves, thirds).decimals == adding_up("EUR", thirds).decimals == 6
    assert adding_up("EUR", halves).currency == "EUR"
