"""Points without a database."""

from decimal import Decimal
from typing import Any

from budgets.models import Origin, Path
from reports.bills import Bill, Charge, Part
from reports.bills.bills import Line
from reports.queries import Point


def bill(*amounts: str, origin: str = Origin.PERSON) -> Bill:
    """A bill whose parts cost these amounts, in the order of Part."""
    given = dict(zip(Part, amounts, strict=False))
    return Bill(lines=tuple(_line(part, number, given.get(part), origin) for number, part in enumerate(Part)))


def point(path: Path = Path.ANNOTATE, *, dollars: str = "10", utility: float = 0.7, **fields: Any) -> Point:
    defaults: dict[str, Any] = {
        "artifact_id": 1,
        "run_id": 1,
        "num_labels": 100,
        "num_pseudo_labels": 500 if path == Path.DISTIL else 0,
        "bill": bill(dollars),
        "currency": "USD",
        "metric": "accuracy",
        "low": utility - 0.03,
        "high": utility + 0.03,
        "baseline": 0.5,
        "utility_per_dollar": 0.02,
    }
    return Point(path=path, utility=utility, **{**defaults, **fields})


def _line(part: Part, number: int, amount: str | None, origin: str) -> Line:
    if amount is None:
        return Line(part=part, charges=())
    charge = Charge(number, f"{part}:{number}", "", Decimal(amount), origin)
    return Line(part=part, charges=(charge,))
