"""Amounts: the only place that rounds. An amount is a Decimal in the budget's currency, exact to a millionth."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

from config.refusals import Refusal
from tables.signs import printable

QUANTUM = Decimal("0.000001")
# Of quantities: fine enough that hours name every microsecond.
QUANTITY_QUANTUM = Decimal("0.000000000001")
MICROSECONDS_PER_HOUR = 3_600_000_000
CENT = Decimal("0.01")
LARGEST = Decimal("100000000")
# What a column for amounts and quantities can take.
MOST_DIGITS = Decimal("1000000000000")
ZERO = Decimal(0).quantize(QUANTUM)
# One comma that can only be a decimal comma: no three digits after one to three others, as thousands are grouped.
_DECIMAL_COMMA = re.compile(r"[+-]?(?:0|\d{4,})?,\d+|[+-]?\d+,(?:\d{1,2}|\d{4,})", re.ASCII)
# What may group thousands: commas, apostrophes and spaces, those that do not break too.
_SEPARATORS = frozenset(",'_ \u00a0\u202f\u2019")
_SEPARATED = re.compile(r"[+-]?[\d.,'_ \u00a0\u202f\u2019]+", re.ASCII)
_SHOWN_CHARACTERS = 40


@dataclass(frozen=True, kw_only=True)
class AmountChange:
    before: Decimal
    after: Decimal

    @property
    def difference(self) -> Decimal:
        return self.after - self.before


def quantize(amount: Decimal) -> Decimal:
    """Round half up to a millionth of the currency's unit."""
    return amount.quantize(QUANTUM, rounding=ROUND_HALF_UP)


def quantize_quantity(quantity: Decimal) -> Decimal:
    """Round half up to what a quantity's column keeps."""
    return quantity.quantize(QUANTITY_QUANTUM, rounding=ROUND_HALF_UP)


def trim_quantity(quantity: Decimal) -> Decimal:
    """Leave out the zeros after six decimals."""
    short = quantize(quantity)
    return short if short == quantity else quantity


def hours_of(microseconds: int) -> Decimal:
    """Write a time as a quantity of hours."""
    return quantize_quantity(Decimal(microseconds) / MICROSECONDS_PER_HOUR)


def cost_of_hours(hours: Decimal, *, rate: Decimal) -> Decimal:
    """Price hours by the microseconds that they name, so that a third of an hour costs a third of the rate."""
    microseconds = (hours * MICROSECONDS_PER_HOUR).to_integral_value(rounding=ROUND_HALF_UP)
    return quantize(microseconds * rate / MICROSECONDS_PER_HOUR)


def amount_text(amount: Decimal) -> str:
    """Write an amount with every decimal it has, two at least; thousands have commas between them."""
    whole, _, decimals = f"{amount:,.6f}".partition(".")
    return f"{whole}.{decimals.rstrip('0'):0<2}"


def rounded_text(amount: Decimal) -> str:
    """Write an amount with two decimals; below a cent, where two would show it as nothing, with all."""
    return amount_text(amount) if 0 < abs(amount) < CENT else f"{amount:,.2f}"


def parse_amount(value: Decimal | str | int, *, name: str, allow_zero: bool = False) -> Decimal:
    """Read a positive amount with at most six decimals, after a point or a decimal comma.

    Raises Refusal with the field: NaN, infinity, sign, size, decimals, separators that may group thousands.
    """
    text = str(value).strip()
    amount, shown = _number(text, name=name), printable(text, most=_SHOWN_CHARACTERS)
    if not amount.is_finite():
        raise Refusal(f"'{shown}' is not a finite number.", field=name)
    if amount < 0 or (amount == 0 and not allow_zero):
        raise Refusal(f"{shown} must be {'zero or more' if allow_zero else 'more than zero'}.", field=name)
    if amount > LARGEST:
        raise Refusal(f"{shown} is more than {LARGEST:,}.", field=name)
    if amount != quantize(amount):
        raise Refusal(f"{shown} has more than six decimals.", field=name)
    # Zero may come with a minus, which no amount is shown with.
    return abs(quantize(amount))


def _number(text: str, *, name: str) -> Decimal:
    shown = printable(text, most=_SHOWN_CHARACTERS)
    if _DECIMAL_COMMA.fullmatch(text):
        text = text.replace(",", ".")
    elif (_SEPARATORS.intersection(text) or text.count(".") > 1) and _SEPARATED.fullmatch(text):
        raise Refusal(
            f"'{shown}' may have thousands separators. Write the digits without them, and decimals after a "
            "point, such as 1000 or 1234.56.",
            field=name,
        )
    try:
        return Decimal(text)
    except InvalidOperation:
        raise Refusal(f"'{shown}' is not a number.", field=name) from None


def check_cost(amount: Decimal, *, name: str) -> None:
    """Raise Refusal for a computed amount or quantity that no entry can have: NaN, infinity, negative, too large."""
    if not amount.is_finite() or not 0 <= amount < MOST_DIGITS:
        raise Refusal(f"{amount} must be a finite number from zero to under {MOST_DIGITS:,}.", field=name)


def split(amount: Decimal, weights: Sequence[Decimal]) -> list[Decimal]:
    """Divide an amount by weights so that the parts add up exactly (largest remainder, ties to the first).

    Raises ValueError where no weight is positive or one is negative.
    """
    total = sum(weights, Decimal(0))
    if total <= 0 or any(weight < 0 for weight in weights):
        raise ValueError("weights must not be negative, and one must be positive.")
    units = int(amount / QUANTUM)
    exact = [units * weight / total for weight in weights]
    parts = [int(share) for share in exact]
    by_remainder = sorted(range(len(weights)), key=lambda i: (-abs(exact[i] - parts[i]), i))
    step = 1 if units >= 0 else -1
    for i in by_remainder[: abs(units - sum(parts))]:
        parts[i] += step
    return [part * QUANTUM for part in parts]
