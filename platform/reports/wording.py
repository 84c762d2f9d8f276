"""How figures of a report read, the same on the page, in the terminal and in the chart."""

from decimal import Decimal

from budgets.money import amount_text, rounded_text

_SYMBOLS = {"USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥"}
NONE = "-"


def money(amount: Decimal, *, currency: str) -> str:
    """Two decimals, or up to the six of the ledger where two would show a cost as nothing."""
    return _with_currency(amount, rounded_text(abs(amount)), currency)


def exact(amount: Decimal, *, currency: str) -> str:
    """Two decimals or more, as many as there are: a price is never rounded."""
    return _with_currency(amount, amount_text(abs(amount)), currency)


def _with_currency(amount: Decimal, figure: str, currency: str) -> str:
    sign = "-" if amount < 0 else ""
    symbol = _SYMBOLS.get(currency)
    return f"{sign}{symbol}{figure}" if symbol else f"{sign}{figure} {currency}"


def percent(utility: float | None) -> str:
    return NONE if utility is None else f"{utility * 100:.1f} %"


def interval(low: float, high: float) -> str:
    return f"[{low * 100:.1f}, {high * 100:.1f}]"


def points_per_dollar(slope: float | None) -> str:
    """Percentage points of the metric per unit of the currency."""
    return NONE if slope is None else f"{slope * 100:+.3g}"
