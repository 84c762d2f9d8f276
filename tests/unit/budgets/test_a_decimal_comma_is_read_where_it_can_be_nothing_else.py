from decimal import Decimal

import pytest

from budgets.money import parse_amount
from config.refusals import Refusal


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("0,15", "0.15"),
        (",5", "0.5"),
        ("0,150", "0.15"),
        ("12,5", "12.5"),
        ("1,0000", "1"),
        ("1234,567", "1234.567"),
        (" 2,50 ", "2.5"),
    ],
)
def test_a_decimal_comma_is_a_point(text: str, amount: str) -> None:
    assert parse_amount(text, name="amount") == Decimal(amount)


@pytest.mark.parametrize(
    "text",
    ["1,000", "12,345", "123,456", "1,234.56", "1.234,56", "1,234,567", "1 000", "1\u00a0000,50", "1'000.50", ","],
)
def test_what_may_group_thousands_is_refused(text: str) -> None:
    with pytest.raises(Refusal, match=r"^amount: .* may have thousands separators. Write the digits without them"):
        parse_amount(text, name="amount")


def test_a_comma_hides_no_sign_and_no_seventh_decimal() -> None:
    with pytest.raises(Refusal, match="more than zero"):
        parse_amount("-0,5", name="amount")
    with pytest.raises(Refusal, match="more than six decimals"):
        parse_amount("0,1234567", name="amount")


def test_a_long_cell_is_refused_at_once() -> None:
    with pytest.raises(Refusal, match="is not a number"):
        parse_amount("1," * 200_000 + "x", name="amount")


@pytest.mark.parametrize("text", ["1_000", "1.000.000", "-1_5"])
def test_underscores_and_several_points_may_group_thousands_too(text: str) -> None:
    with pytest.raises(Refusal, match="may have thousands separators"):
        parse_amount(text, name="amount")


def test_a_refusal_shows_what_was_typed_in_short_and_without_escapes() -> None:
    with pytest.raises(Refusal, match=r"^amount: '1\u00a0000' may have"):
        parse_amount("1\u00a0000", name="amount")
    with pytest.raises(Refusal, match=r"^amount: 9{40}… is more than 100,000,000\.$"):
        parse_amount("9" * 400, name="amount")


@pytest.mark.parametrize("text", ["-0", "-0,00", "-0e-9"])
def test_zero_keeps_no_minus(text: str) -> None:
    assert str(parse_amount(text, name="amount", allow_zero=True)) == "0.000000"
