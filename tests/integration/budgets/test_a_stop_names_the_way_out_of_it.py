from decimal import Decimal

import pytest
from django.utils import timezone

from budgets.cost_kinds import CostKind
from budgets.ledger import BudgetStopped, Cost, charge
from budgets.limits import exhaust, resume, stop_everything, top_up
from budgets.models import Budget, Origin, Price
from budgets.prices import price_at
from tests import factories
from tests.factories import place_hold

pytestmark = pytest.mark.django_db


def label_price(budget: Budget) -> Price:
    return price_at(book=budget.price_book, kind=CostKind.LABEL, at=timezone.now())


def spend(budget: Budget, amount: str) -> None:
    cost = Cost(
        source_key="annotation:1",
        quantity=Decimal(1),
        amount=Decimal(amount),
        origin=Origin.PERSON,
        occurred_at=timezone.now(),
    )
    charge(budget=budget, cost=cost, price=label_price(budget))


def refusal(budget: Budget) -> str:
    """The refusal of work that costs nothing."""
    with pytest.raises(BudgetStopped) as refused:
        place_hold(budget=budget, source_key="free", amount=Decimal(0), price=label_price(budget))
    return str(refused.value)


def test_a_spent_budget_needs_a_top_up_and_says_nothing_of_a_resume() -> None:
    budget = factories.budget(limit="0.20")
    spend(budget, "0.20")
    assert "Top it up on its budget page: until then nothing starts" in refusal(budget)
    assert "esume" not in refusal(budget)


def test_after_the_top_up_free_work_starts() -> None:
    budget = factories.budget(limit="0.20")
    spend(budget, "0.20")
    top_up(actor=factories.person(), budget=budget, amount="0.01")
    assert place_hold(budget=budget, source_key="free", amount=Decimal(0), price=label_price(budget)).amount == 0


def test_free_work_starts_where_all_is_held_and_nothing_is_stopped() -> None:
    budget = factories.budget(limit="0.20")
    place_hold(budget=budget, source_key="all", amount=Decimal("0.20"), price=label_price(budget))
    assert place_hold(budget=budget, source_key="free", amount=Decimal(0), price=label_price(budget)).amount == 0


def test_what_is_left_after_an_exhausting_request_can_be_resumed() -> None:
    budget = factories.budget(limit="0.20")
    exhaust(budget=budget, reason="run 1 needs more")
    assert "Resume it, or top it up, on its budget page." in refusal(budget)


def test_a_persons_stop_ends_by_a_resume_alone() -> None:
    budget = factories.budget()
    stop_everything(actor=factories.person(), budget=budget, reason="Guidelines are wrong")
    assert refusal(budget).endswith("Guidelines are wrong. Resume it on its budget page.")


def test_a_persons_stop_of_a_spent_budget_needs_both() -> None:
    budget = factories.budget(limit="0.20")
    stop_everything(actor=factories.person(), budget=budget, reason="Enough")
    Budget.objects.filter(pk=budget.pk).update(spent=Decimal("0.20"))
    assert "Top it up on its budget page, then resume it" in refusal(budget)
    topped = top_up(actor=factories.person(), budget=budget, amount="1")
    assert not resume(actor=factories.person(), budget=topped).is_stopped
