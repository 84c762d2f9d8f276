from datetime import UTC, datetime
from decimal import Decimal

import pytest

from budgets.cost_kinds import CostKind
from budgets.ledger import BudgetExceeded, Cost, charge, release, settle
from budgets.ledger.holds import HoldClosed, SourceKeyReused
from budgets.models import Budget, Hold, LedgerEntry, Origin
from budgets.prices import price_at
from tests import factories
from tests.factories import place_hold

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def hold(budget: Budget, amount: str = "1", key: str = "run:1") -> Hold:
    price = price_at(book=budget.price_book, kind=CostKind.LABEL, at=NOW)
    return place_hold(budget=budget, source_key=key, amount=Decimal(amount), price=price)


def cost(amount: str = "0.4", key: str = "run:1:attempt:1") -> Cost:
    return Cost(source_key=key, quantity=Decimal(1), amount=Decimal(amount), origin=Origin.COMPUTE, occurred_at=NOW)


def balance(budget: Budget) -> tuple[Decimal, Decimal]:
    budget.refresh_from_db()
    return budget.spent, budget.held


def test_a_hold_takes_from_what_is_available() -> None:
    budget = factories.budget(limit="10")
    hold(budget, "4")
    assert balance(budget) == (0, 4)


def test_a_hold_beyond_the_limit_is_refused_and_says_what_is_missing() -> None:
    budget = factories.budget(limit="10")
    with pytest.raises(BudgetExceeded, match=r"2\.50 USD more"):
        hold(budget, "12.5")
    assert not Hold.objects.exists()


def test_the_same_hold_twice_is_one() -> None:
    budget = factories.budget(limit="10")
    assert hold(budget, "4") == hold(budget, "4")
    assert balance(budget) == (0, 4)


def test_a_settled_hold_gives_its_rest_back() -> None:
    budget = factories.budget(limit="10")
    settle(hold=hold(budget, "4"), cost=cost("1.5"))
    assert balance(budget) == (Decimal("1.5"), 0)


def test_a_hold_may_be_charged_in_parts() -> None:
    budget = factories.budget(limit="10")
    run = hold(budget, "4")
    settle(hold=run, cost=cost("1", "run:1:attempt:1"), close=False)
    assert balance(budget) == (1, 3)
    settle(hold=run, cost=cost("2", "run:1:attempt:2"))
    assert balance(budget) == (3, 0)


def test_the_same_settlement_twice_is_one_entry() -> None:
    budget = factories.budget(limit="10")
    run = hold(budget, "4")
    assert settle(hold=run, cost=cost()) == settle(hold=run, cost=cost())
    assert LedgerEntry.objects.count() == 1


def test_a_source_key_with_another_amount_is_refused() -> None:
    budget = factories.budget(limit="10")
    run = hold(budget, "4")
    settle(hold=run, cost=cost("1"))
    with pytest.raises(SourceKeyReused):
        settle(hold=run, cost=cost("2"))


def test_a_cost_above_its_hold_takes_what_is_available_and_no_more() -> None:
    budget = factories.budget(limit="10")
    run = hold(budget, "4")
    with pytest.raises(BudgetExceeded):
        settle(hold=run, cost=cost("10.5"))
    settle(hold=run, cost=cost("9.5"))
    assert balance(budget) == (Decimal("9.5"), 0)


def test_a_closed_hold_takes_no_more() -> None:
    budget = factories.budget(limit="10")
    run = hold(budget, "4")
    release(hold=run, reason="cancelled")
    release(hold=run, reason="cancelled again")
    assert balance(budget) == (0, 0)
    with pytest.raises(HoldClosed, match="cancelled"):
        settle(hold=run, cost=cost())


def test_a_charge_without_a_hold_needs_the_money_there() -> None:
    budget = factories.budget(limit="1")
    price = price_at(book=budget.price_book, kind=CostKind.LABEL, at=NOW)
    charge(budget=budget, cost=cost("0.75"), price=price)
    with pytest.raises(BudgetExceeded):
        charge(budget=budget, cost=cost("0.75", "other"), price=price)
    assert balance(budget) == (Decimal("0.75"), 0)
