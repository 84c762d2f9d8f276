from decimal import Decimal

import pytest

from accounts.models import Role
from budgets.ledger import BudgetExceeded, CapExceeded
from budgets.limits import StaleEdit, set_cap, set_limit, top_up
from budgets.limits.limits import LimitTooLow
from budgets.models import Budget
from budgets.prices import price_at
from tests import factories
from tests.factories import place_hold

pytestmark = pytest.mark.django_db


@pytest.fixture
def budget() -> Budget:
    """0.004 of which 0.0024 are held."""
    budget = factories.budget(limit="0.004", label="0.0024")
    hold(budget, "a:1")
    return Budget.objects.get(pk=budget.pk)


def hold(budget: Budget, key: str) -> None:
    price = price_at(book=budget.price_book, kind="label", at=budget.created_at)  # type: ignore[arg-type]
    place_hold(budget=budget, source_key=key, amount=Decimal("0.0024"), price=price, path="annotate")


def test_what_is_left_needed_and_missing_is_told(budget: Budget) -> None:
    with pytest.raises(BudgetExceeded, match=r"has 0\.0016 USD left; this needs 0\.0024, which is 0\.0008 USD more"):
        hold(budget, "a:2")


def test_a_cap_tells_it_too(budget: Budget) -> None:
    set_cap(actor=factories.person(), budget=budget, limit="0.0025", path="annotate")
    top_up(actor=factories.person(), budget=budget, amount="1")
    with pytest.raises(CapExceeded, match=r"0\.0001 USD left under its cap .* 0\.0023 USD more"):
        hold(budget, "a:2")


def test_a_limit_that_is_too_low_has_no_zeros_at_its_end(budget: Budget) -> None:
    with pytest.raises(LimitTooLow, match=r"limit: 0\.002 is less than the 0\.0024 USD already"):
        set_limit(actor=factories.person(Role.MANAGER), budget=budget, limit="0.002")


def test_two_limits_that_differ_below_a_cent_are_told_apart(budget: Budget) -> None:
    with pytest.raises(StaleEdit, match=r"the limit is 0\.004 now; it was 0\.0041"):
        set_limit(actor=factories.person(), budget=budget, limit="1", expected_limit=Decimal("0.0041"))
