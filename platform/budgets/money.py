"""Amounts: the only place that rounds. An amount is a Decimal in the budget's currency, exact to a millionth."""

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

QUANTUM = Decimal("0.000001")
LARGEST = Decimal("100000000")
# What a column for amounts and quantities can take.
MOST_DIGITS = Decimal("1000000000000")
ZERO = Decimal(0).quantize(QUANTUM)


def quantize(amount: Decimal) -> Decimal:
    """Round half up to a millionth of the currency's unit."""
    return amount.quantize(QUANTUM, rounding=ROUND_HALF_UP)


def parse_amount(value: Decimal | str | int, *, name: str, allow_zero: bool = False) -> Decimal:
    """Read a positive amount with at most six decimals.

    Raises: ValueError that names the field, what was given and what is allowed (NaN, infinity, sign, size, decimals).
    """
    try:
        amount = Decimal(str(value).strip())
    except InvalidOperation:
        raise ValueError(f"{name}: {value!r} is not a number.") from None
    if not amount.is_finite():
        raise ValueError(f"{name}: {value!r} is not a finite number.")
    if amount < 0 or (amount == 0 and not allow_zero):
        raise ValueError(f"{name}: {value} must be {'zero or more' if allow_zero else 'more than zero'}.")
    if amount > LARGEST:
        raise ValueError(f"{name}: {value} is more than {LARGEST:,}.")
    if amount != quantize(amount):
        raise ValueError(f"{name}: {value} has more than six decimals.")
    return quantize(amount)


def check_cost(amount: Decimal, *, name: str) -> None:
    """Refuse a computed amount or quantity that no entry can have.

    Raises: ValueError that names the field (NaN, infinity, negative, size).
    """
    if not amount.is_finite() or not 0 <= amount < MOST_DIGITS:
        raise ValueError(f"{name}: {amount} must be a finite number from zero to under {MOST_DIGITS:,}.")


def split(amount: Decimal, weights: Sequence[Decimal]) -> list[Decimal]:
    """Divide an amount by weights so that the parts add up exactly (largest remainder, ties to the first).

    Raises: ValueError where no weight is positive or one is negative.
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
