from decimal import Decimal

import pytest

from accounts.models import AuditRecord
from budgets.limits import StaleEdit, set_limit, top_up
from budgets.models import Budget
from config.refusals import Refusal
from tests import factories

pytestmark = pytest.mark.django_db


def limit(budget: Budget) -> Decimal:
    budget.refresh_from_db()
    return budget.limit


def test_a_form_sent_twice_adds_once() -> None:
    budget = factories.budget(limit="10")
    top_up(actor=factories.person(), budget=budget, amount="5", expected_limit=Decimal(10))
    with pytest.raises(StaleEdit, match=r"the limit is 15\.00 now; it was 10\.00"):
        top_up(actor=factories.person(), budget=budget, amount="5", expected_limit=Decimal(10))
    assert limit(budget) == 15


def test_the_second_of_two_who_edit_at_once_changes_nothing() -> None:
    budget = factories.budget(limit="10")
    set_limit(actor=factories.person(), budget=budget, limit="12", expected_limit=Decimal(10))
    with pytest.raises(StaleEdit):
        set_limit(actor=factories.person(), budget=budget, limit="8", expected_limit=Decimal(10))
    assert limit(budget) == 12


@pytest.mark.parametrize("amount", ["0", "-1", "NaN", "1e30", "0.1234567", "100000000"])
def test_a_bad_top_up_is_refused_and_nothing_is_recorded(amount: str) -> None:
    budget = factories.budget(limit="10")
    before = AuditRecord.objects.count()
    with pytest.raises(Refusal, match="amount"):
        top_up(actor=factories.person(), budget=budget, amount=amount)
    assert (limit(budget), AuditRecord.objects.count()) == (10, before)


def test_a_change_says_from_what_to_what() -> None:
    budget = factories.budget(limit="10")
    top_up(actor=factories.person(), budget=budget, amount="5")
    record = AuditRecord.objects.get(action="budget.limit")
    assert (record.before, record.after) == ({"limit": "10.000000"}, {"limit": "15.000000"})
