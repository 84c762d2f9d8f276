"""Points without a database."""

from decimal import Decimal
from typing import Any

from budgets.cost_kinds import CostKind
from budgets.models import Origin, Path
from reports.bills import Bill, BillSection, Charge
from reports.bills.bills import BillLine
from reports.points import Point


def bill(*amounts: str, origin: str = Origin.PERSON) -> Bill:
    """A bill whose parts cost these amounts, in the order of Part."""
    given = dict(zip(BillSection, amounts, strict=False))
    return Bill(lines=tuple(_line(part, number, given.get(part), origin) for number, part in enumerate(BillSection)))


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
        "num_seeds": 3,
    }
    return Point(path=path, utility=utility, **{**defaults, **fields})


def _line(section: BillSection, number: int, amount: str | None, origin: str) -> BillLine:
    if amount is None:
        return BillLine(section=section, charges=())
    charge = Charge(number, f"{section}:{number}", "", CostKind.LABEL, Decimal(amount), origin)
    return BillLine(section=section, charges=(charge,))
