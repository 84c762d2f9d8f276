from decimal import Decimal
from types import SimpleNamespace
from typing import cast

import pytest

from budgets.cost_kinds import CostKind
from budgets.ledger import CapLeft, Room
from budgets.models import Path
from reports.advice.offers import Offers
from reports.advice.pilot import price_pilot
from reports.advice.situation import Money, Situation
from tests.unit.reports.test_offers_are_named_plainly import offer


def situation(available: str, *caps: CapLeft) -> Situation:
    """Nothing is labelled or measured; a device hour, which is each run's limit, costs one."""
    room = Room(available=Decimal(available), caps=caps)
    money = Money(room=room, label_kind=CostKind.LABEL, is_stopped=False)
    nothing = frozenset[object]()
    pool = SimpleNamespace(num_labels=0)
    device = SimpleNamespace(rate=Decimal(1))
    found = SimpleNamespace(measured=nothing, under_way=nothing, pool=pool, money=money, device=device)
    return cast(Situation, found)


@pytest.mark.parametrize(("available", "priced"), [("2.00", ["0.50", "1.50"]), ("1.99", ["0.50"]), ("0.99", [])])
def test_a_pilot_costs_no_more_than_what_is_left(available: str, priced: list[str]) -> None:
    # A student of none is expected at 0.50 and holds 1.00; ten labels at 0.10 come before the other's run.
    offers = Offers(found=[offer(0), offer(10, num_new=10)])
    parts = price_pilot(situation(available), offers)
    assert [part.adds for part in parts] == list(map(Decimal, priced))
    assert len(offers.notes) == 2 - len(parts)


@pytest.mark.parametrize(("left", "priced"), [("2.00", ["0.50", "1.50"]), ("1.99", ["0.50"])])
def test_labels_and_students_of_a_pilot_share_the_cap_of_their_path(left: str, priced: list[str]) -> None:
    cap = CapLeft(left=Decimal(left), path=Path.ANNOTATE)
    parts = price_pilot(situation("100", cap), Offers(found=[offer(0), offer(10, num_new=10)]))
    assert [part.adds for part in parts] == list(map(Decimal, priced))
