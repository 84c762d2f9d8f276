from decimal import Decimal

import pytest

from budgets.ledger import charge, release
from budgets.limits import set_cap, stop_everything
from budgets.models import Path
from budgets.overviews import breakdown, cap_uses, num_withdrawn, overshoot, totals_by_currency
from tests import factories
from tests.factories import place_hold
from tests.integration.budgets.ledger_ground import cost, label_price

pytestmark = pytest.mark.django_db


def test_the_parts_by_path_and_kind_add_up_to_the_budget() -> None:
    budget = factories.budget()
    price = label_price(budget)
    charge(budget=budget, cost=cost("1"), price=price, path=Path.ANNOTATE)
    charge(budget=budget, cost=cost("3"), price=price, path=Path.DISTIL)
    place_hold(budget=budget, source_key="run:1", amount=Decimal("0.5"), price=price, path=Path.ANNOTATE)
    rows = [(part.what, part.spent, part.held) for part in breakdown(budget)]
    assert rows == [
        ("Distil", 3, 0),
        ("Accepted label", 3, 0),
        ("Annotate", 1, Decimal("0.5")),
        ("Accepted label", 1, Decimal("0.5")),
    ]


def test_a_cap_shows_what_it_has_taken() -> None:
    budget = factories.budget()
    set_cap(actor=factories.person(), budget=budget, limit="4", path=Path.ANNOTATE)
    charge(budget=budget, cost=cost("1"), price=label_price(budget), path=Path.ANNOTATE)
    (use,) = cap_uses(budget)
    assert (use.used, use.left, use.share) == (1, 3, 0.25)


def test_overshoot_is_what_was_paid_after_a_stop() -> None:
    budget = factories.budget()
    charge(budget=budget, cost=cost("1"), price=label_price(budget))
    stop_everything(actor=factories.person(), budget=budget, reason="Enough")
    charge(budget=budget, cost=cost("0.2", overshoot=True), price=label_price(budget))
    assert overshoot(budget) == Decimal("0.2")


def test_holds_given_back_by_a_stop_are_counted() -> None:
    budget = factories.budget()
    price = label_price(budget)
    holds = [place_hold(budget=budget, source_key=f"a:{n}", amount=Decimal(1), price=price) for n in range(3)]
    release(hold=holds[0], reason="withdrawn: an earlier stop")
    stop_everything(actor=factories.person(), budget=budget, reason="Enough")
    release(hold=holds[1], reason="withdrawn: Enough")
    release(hold=holds[2], reason="cancelled")
    stop = budget.active_stop
    assert stop is not None
    assert num_withdrawn(stop) == 1


def test_currencies_are_never_mixed() -> None:
    for currency in ("USD", "EUR", "USD"):
        factories.budget(limit="10", currency=currency)
    assert [(one.currency, one.num_budgets, one.limit) for one in totals_by_currency()] == [
        ("EUR", 1, 10),
        ("USD", 2, 20),
    ]
