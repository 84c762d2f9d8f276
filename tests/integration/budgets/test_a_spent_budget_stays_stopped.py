from decimal import Decimal

import pytest

from accounts.models import Role, User
from budgets.ledger import reverse, settle
from budgets.limits import exhaust, resume, set_limit, stop_everything, top_up
from budgets.limits.stops import NothingLeft
from budgets.models import Budget
from tests import factories
from tests.factories import place_hold
from tests.integration.budgets.ledger_ground import cost, label_price, spent

pytestmark = pytest.mark.django_db


@pytest.fixture
def manager() -> User:
    return factories.person(Role.MANAGER)


@pytest.fixture
def budget() -> Budget:
    return factories.budget(limit="2")


def is_stopped(budget: Budget) -> bool:
    budget.refresh_from_db()
    return budget.is_stopped


def test_one_frozen_by_a_person_and_then_spent_does_not_resume(budget: Budget, manager: User) -> None:
    hold = place_hold(budget=budget, source_key="run:1", amount=Decimal(2), price=label_price(budget))
    stop_everything(actor=manager, budget=budget, reason="look first")
    settle(hold=hold, cost=cost("2"))
    with pytest.raises(NothingLeft):
        resume(actor=manager, budget=budget)
    top_up(actor=manager, budget=budget, amount="1")
    assert is_stopped(budget)
    assert not resume(actor=manager, budget=budget).is_stopped


def test_one_frozen_with_all_of_it_held_resumes(budget: Budget, manager: User) -> None:
    place_hold(budget=budget, source_key="run:1", amount=Decimal(2), price=label_price(budget))
    stop_everything(actor=manager, budget=budget, reason="look first")
    assert not resume(actor=manager, budget=budget).is_stopped


def test_a_limit_lowered_to_what_is_spent_stops(budget: Budget, manager: User) -> None:
    spent(budget, "1")
    assert set_limit(actor=manager, budget=budget, limit="1").is_stopped


def test_one_that_is_frozen_is_not_exhausted_as_well(budget: Budget, manager: User) -> None:
    stop_everything(actor=manager, budget=budget, reason="look first")
    exhaust(budget=budget, reason="run 1 needs more")
    assert budget.stops.get().reason == "look first"


def test_free_work_does_not_stop_a_budget_of_nothing(budget: Budget, manager: User) -> None:
    free = factories.budget(limit="0")
    spent(free, "0")
    assert not is_stopped(free)


def test_a_reversal_frees_money_but_a_person_resumes(budget: Budget, manager: User) -> None:
    entry = spent(budget, "2")
    reverse(actor=factories.person(Role.ADMIN), entry=entry, reason="not hers")
    assert is_stopped(budget)
    assert not resume(actor=manager, budget=budget).is_stopped
