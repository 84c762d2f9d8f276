from decimal import Decimal
from typing import Any

import pytest

from accounts.models import Role
from budgets.cost_kinds import CostKind
from budgets.ledger import CapExceeded, headroom, settle
from budgets.limits import set_cap
from budgets.models import Budget, Hold, Path
from budgets.prices import Scope, price_at
from budgets.queries import differences
from config.refusals import Refusal
from tests import factories
from tests.factories import place_hold
from tests.integration.budgets.ledger_ground import NOW, cost, label_price, platform_fee, spent

pytestmark = pytest.mark.django_db


@pytest.fixture
def budget() -> Budget:
    return factories.budget(limit="100")


def hold(budget: Budget, amount: str) -> Hold:
    price = label_price(budget)
    return place_hold(budget=budget, source_key="work", amount=Decimal(amount), price=price, path=Path.ANNOTATE)


def cap(budget: Budget, limit: str, **named: Any) -> None:
    set_cap(actor=factories.person(Role.MANAGER), budget=budget, limit=limit, **named)


def test_a_cost_above_its_hold_is_kept_under_the_caps_too(budget: Budget) -> None:
    held = hold(budget, "4")
    cap(budget, "5", path=Path.ANNOTATE)
    with pytest.raises(CapExceeded, match="under its cap for annotate"):
        settle(hold=held, cost=cost("6"))
    settle(hold=held, cost=cost("5"))
    budget.refresh_from_db()
    assert (budget.spent, budget.held, differences(budget)) == (5, 0, [])


def test_a_hold_is_not_settled_as_another_kind_past_its_cap(budget: Budget) -> None:
    held = hold(budget, "4")
    cap(budget, "1", kind=CostKind.DEVICE_HOUR)
    hours = price_at(book=budget.price_book, kind=CostKind.DEVICE_HOUR, at=NOW, scope=Scope(device="cpu"))
    with pytest.raises(CapExceeded, match="under its cap for device hour"):
        settle(hold=held, cost=cost("2"), price=hours)
    settle(hold=held, cost=cost("1"), price=hours)
    budget.refresh_from_db()
    assert differences(budget) == []


def test_work_that_overshoots_a_stop_does_not_overshoot_a_cap(budget: Budget) -> None:
    cap(budget, "5", kind=CostKind.LABEL)
    with pytest.raises(CapExceeded):
        spent(budget, "6", overshoot=True)


def test_a_fee_counts_with_the_kind_that_it_is_on_top_of(budget: Budget) -> None:
    cap(budget, "5", kind=CostKind.LABEL)
    spent(budget, "4", fee=platform_fee(budget, "10"))
    assert headroom(budget=budget, kind=CostKind.LABEL) == Decimal("0.6")


def test_a_cap_names_a_path_and_kind_that_there_are(budget: Budget) -> None:
    with pytest.raises(Refusal, match="lunch"):
        cap(budget, "5", kind="lunch")
