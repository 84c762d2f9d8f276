from decimal import Decimal

import pytest

from accounts.models import Role
from budgets.cost_kinds import CostKind
from budgets.ledger import BudgetExceeded, CapExceeded, charge, reverse, settle
from budgets.limits import set_cap
from budgets.models import Budget, LedgerEntry, Path, Price
from budgets.prices import set_price
from budgets.queries import differences
from config.refusals import Refusal
from tests import factories
from tests.factories import place_hold
from tests.integration.budgets.ledger_ground import cost, label_price

pytestmark = pytest.mark.django_db


def fee_of(budget: Budget, percent: str = "20") -> Price:
    admin, start = factories.person(Role.ADMIN), factories.LONG_AGO
    return set_price(actor=admin, book=budget.price_book, kind=CostKind.PLATFORM_FEE, amount=percent, starts_at=start)


def amounts(budget: Budget) -> list[tuple[str, Decimal]]:
    return list(LedgerEntry.objects.filter(budget=budget).order_by("pk").values_list("kind", "amount"))


def test_a_hold_sets_the_fee_aside_and_settling_enters_it_beside() -> None:
    budget = factories.budget()
    hold = place_hold(budget=budget, source_key="a:1", amount=Decimal(1), price=label_price(budget), fee=fee_of(budget))
    assert hold.amount == Decimal("1.2")
    entry = settle(hold=hold, cost=cost("0.5", key="a:1:done"))
    assert amounts(budget) == [("label", Decimal("0.5")), ("platform_fee", Decimal("0.1"))]
    fee = entry.fees.get()
    assert (fee.source_key, fee.subject_key, fee.quantity) == ("a:1:done:fee", entry.subject_key, Decimal("0.5"))
    budget.refresh_from_db()
    assert (budget.spent, budget.held) == (Decimal("0.6"), 0)


def test_a_charge_needs_room_for_its_fee_too() -> None:
    budget = factories.budget(limit="1.1")
    with pytest.raises(BudgetExceeded, match=r"this needs 1\.20"):
        charge(budget=budget, cost=cost("1"), price=label_price(budget), fee=fee_of(budget))
    assert amounts(budget) == []


def test_a_reversal_undoes_the_fee_too() -> None:
    budget = factories.budget()
    entry = charge(budget=budget, cost=cost("1"), price=label_price(budget), fee=fee_of(budget))
    reverse(actor=factories.person(Role.ADMIN), entry=entry, reason="Twice")
    budget.refresh_from_db()
    assert budget.spent == 0
    assert [amount for _, amount in amounts(budget)] == [1, Decimal("0.2"), -1, Decimal("-0.2")]
    assert differences(budget) == []


def test_a_fee_counts_under_the_cap_of_what_it_is_on_top_of() -> None:
    budget = factories.budget()
    set_cap(actor=factories.person(), budget=budget, limit="1.1", kind=CostKind.LABEL)
    with pytest.raises(CapExceeded):
        charge(budget=budget, cost=cost("1"), price=label_price(budget), path=Path.ANNOTATE, fee=fee_of(budget))


def test_a_fee_above_a_hundred_percent_is_refused() -> None:
    with pytest.raises(Refusal, match="more than 100 %"):
        fee_of(factories.budget(), "100.5")
