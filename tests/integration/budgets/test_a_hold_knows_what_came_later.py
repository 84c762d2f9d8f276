from decimal import Decimal

import pytest

from budgets.ledger import HoldRequest, extend_hold, place_holds, release, settle
from budgets.ledger.holds import HoldClosed, SourceKeyReused
from budgets.models import Budget, Hold
from budgets.queries import differences
from config.refusals import Refusal
from tests import factories
from tests.factories import place_hold
from tests.integration.budgets.ledger_ground import cost, label_price

pytestmark = pytest.mark.django_db


@pytest.fixture
def budget() -> Budget:
    return factories.budget(limit="10")


def place(budget: Budget, amount: str = "4") -> Hold:
    return place_hold(budget=budget, source_key="run:1", amount=Decimal(amount), price=label_price(budget))


def test_an_extended_hold_is_still_the_one_that_was_asked_for(budget: Budget) -> None:
    extend_hold(hold=place(budget), amount=Decimal(2))
    again = place(budget)
    assert (again.amount, again.extended, again.remaining) == (6, 2, 6)
    with pytest.raises(SourceKeyReused):
        place(budget, "6")


@pytest.mark.parametrize("bad", ["-1", "NaN", "1e30"])
def test_a_hold_is_not_extended_by_what_is_no_amount(budget: Budget, bad: str) -> None:
    hold = place(budget)
    with pytest.raises(Refusal, match="amount"):
        extend_hold(hold=hold, amount=Decimal(bad))


def test_a_hold_adds_up_when_it_was_overdrawn_and_then_extended(budget: Budget) -> None:
    hold = place(budget)
    settle(hold=hold, cost=cost("5"), close=False)
    assert extend_hold(hold=hold, amount=Decimal(2)).remaining == 2
    budget.refresh_from_db()
    assert (budget.spent, budget.held, differences(budget)) == (5, 2, [])


def test_the_same_key_twice_in_one_order_is_one_hold(budget: Budget) -> None:
    request = HoldRequest(source_key="run:1", amount=Decimal(4), price=label_price(budget))
    first, second = place_holds(budget=budget, requests=[request, request])
    budget.refresh_from_db()
    assert (first, budget.held) == (second, 4)


def test_the_same_key_with_two_amounts_in_one_order_is_refused(budget: Budget) -> None:
    requests = [HoldRequest(source_key="run:1", amount=Decimal(n), price=label_price(budget)) for n in (4, 5)]
    with pytest.raises(SourceKeyReused):
        place_holds(budget=budget, requests=requests)
    assert not Hold.objects.exists()


def test_a_released_hold_is_not_handed_out_as_if_it_held(budget: Budget) -> None:
    release(hold=place(budget), reason="withdrawn")
    with pytest.raises(HoldClosed, match="withdrawn"):
        place(budget)


def test_a_settled_hold_asked_for_again_is_the_same_one(budget: Budget) -> None:
    hold = place(budget)
    settle(hold=hold, cost=cost("1"))
    assert place(budget) == hold


def test_a_settlement_told_again_as_the_last_closes_the_hold(budget: Budget) -> None:
    hold = place(budget)
    settle(hold=hold, cost=cost("1", key="run:1:attempt:1"), close=False)
    settle(hold=hold, cost=cost("1", key="run:1:attempt:1"))
    budget.refresh_from_db()
    assert (budget.spent, budget.held) == (1, 0)
