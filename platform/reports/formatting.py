"""How figures of a report read, the same on the page, in the terminal and in the chart."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from budgets.money import amount_text

_SYMBOLS = {"USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥"}
NONE = "\N{EN DASH}"
_FEWEST, _MOST = 2, 6


@dataclass(frozen=True, kw_only=True)
class MoneyFormat:
    """How the amounts of one table are written."""

    currency: str
    decimals: int = _FEWEST

    def text(self, amount: Decimal) -> str:
        return money(amount, currency=self.currency, decimals=self.decimals)


def adding_up(currency: str, *sums: Iterable[Decimal]) -> MoneyFormat:
    """The format with the fewest decimals, two or more, with which the parts of each sum add up to it as written.

    Each of `sums` has the parts of one total that is shown beside them; with six decimals they always add up.
    """
    groups = [list(parts) for parts in sums]
    fewest = (n for n in range(_FEWEST, _MOST) if all(_adds_up(parts, n) for parts in groups))
    return MoneyFormat(currency=currency, decimals=next(fewest, _MOST))


def _adds_up(parts: list[Decimal], decimals: int) -> bool:
    return sum(_written(part, decimals) for part in parts) == _written(sum(parts, Decimal(0)), decimals)


def _written(amount: Decimal, decimals: int) -> Decimal:
    return amount if _is_tiny(amount, decimals) else round(amount, decimals)


def _is_tiny(amount: Decimal, decimals: int) -> bool:
    return 0 < abs(amount) < Decimal(1).scaleb(-decimals)


def money(amount: Decimal, *, currency: str, decimals: int = _FEWEST) -> str:
    """So many decimals, or up to six where the amount would otherwise read as nothing."""
    if _is_tiny(amount, decimals):
        return exact(amount, currency=currency)
    return _with_currency(amount, f"{abs(amount):,.{decimals}f}", currency)


def money_range(low: Decimal, high: Decimal, *, currency: str) -> str:
    """From and to; beside an amount that is none, a tiny one reads as nothing."""
    decimals = _MOST if _is_tiny(high, _FEWEST) else _FEWEST
    first = _with_currency(low, f"{low:,.{decimals}f}", currency)
    return f"{first} to {money(high, currency=currency, decimals=decimals)}"


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


def slope_interval(low: float, high: float) -> str:
    """Percentage points per unit of the currency, from and to."""
    return f"{points_per_dollar(low)} to {points_per_dollar(high)}"


def points_per_dollar(slope: float | None) -> str:
    """Percentage points of the metric per unit of the currency."""
    return NONE if slope is None else f"{slope * 100:+.3g}"
