from datetime import UTC, datetime
from decimal import Decimal

import pytest

from accounts.models import Role
from accounts.permissions import Forbidden
from budgets.cost_kinds import CostKind
from budgets.limits import set_limit
from budgets.limits.limits import LimitTooLow
from budgets.prices import price_at
from tests import factories
from tests.factories import place_hold

pytestmark = pytest.mark.django_db


def test_a_limit_goes_no_lower_than_what_is_held() -> None:
    budget = factories.budget(limit="10")
    price = price_at(book=budget.price_book, kind=CostKind.LABEL, at=datetime(2026, 1, 1, tzinfo=UTC))
    place_hold(budget=budget, source_key="run:1", amount=Decimal(4), price=price)
    manager = factories.person(Role.MANAGER)
    with pytest.raises(LimitTooLow):
        set_limit(actor=manager, budget=budget, limit="3.99")
    assert set_limit(actor=manager, budget=budget, limit="4").available == 0


def test_an_annotator_sets_no_limit() -> None:
    with pytest.raises(Forbidden):
        set_limit(actor=factories.person(Role.ANNOTATOR), budget=factories.budget(), limit="3")
