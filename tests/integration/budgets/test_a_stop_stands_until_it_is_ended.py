from decimal import Decimal

import pytest

from accounts.models import AuditRecord, Role
from accounts.permissions import Forbidden
from budgets.ledger import BudgetStopped, charge, extend_hold, headroom, settle
from budgets.limits import exhaust, resume, set_limit, stop_everything, top_up
from budgets.limits.stops import NothingLeft
from budgets.models import Budget, BudgetStop
from config.refusals import Refusal
from notices.models import Notice, NoticeKind
from tests import factories
from tests.factories import place_hold
from tests.integration.budgets.ledger_ground import cost, label_price, spent

pytestmark = pytest.mark.django_db


def frozen(budget: Budget) -> Budget:
    return stop_everything(actor=factories.person(), budget=budget, reason="Guidelines are wrong")


def is_stopped(budget: Budget) -> bool:
    budget.refresh_from_db()
    return budget.is_stopped


def test_nothing_new_is_held_or_charged_and_the_refusal_says_why() -> None:
    budget = factories.budget()
    price = label_price(budget)
    hold = place_hold(budget=budget, source_key="run:1", amount=Decimal(1), price=price)
    frozen(budget)
    with pytest.raises(BudgetStopped, match=r"Guidelines are wrong\. Resume it on its budget page"):
        place_hold(budget=budget, source_key="run:2", amount=Decimal(1), price=price)
    with pytest.raises(BudgetStopped):
        extend_hold(hold=hold, amount=Decimal(1))
    with pytest.raises(BudgetStopped):
        charge(budget=budget, cost=cost("1"), price=price)
    assert headroom(budget=budget) == 0


def test_what_was_held_for_is_settled_all_the_same() -> None:
    budget = factories.budget()
    hold = place_hold(budget=budget, source_key="run:1", amount=Decimal(1), price=label_price(budget))
    frozen(budget)
    assert settle(hold=hold, cost=cost("0.5", overshoot=True)).overshoot


def test_work_that_was_open_is_charged_in_spite_of_a_stop() -> None:
    budget = factories.budget()
    frozen(budget)
    entry = charge(budget=budget, cost=cost("0.5", overshoot=True), price=label_price(budget))
    assert entry.overshoot


def test_a_budget_spent_to_its_limit_stops_by_itself() -> None:
    budget = factories.budget(limit="1")
    spent(budget, "0.9")
    assert not is_stopped(budget)
    spent(budget, "0.1")
    assert is_stopped(budget)
    stop = BudgetStop.objects.get()
    assert (stop.cause, stop.started_by) == (BudgetStop.Cause.EXHAUSTED, None)


def test_a_limit_lowered_to_what_is_spent_stops() -> None:
    budget = factories.budget(limit="2")
    spent(budget, "1")
    set_limit(actor=factories.person(), budget=budget, limit="1")
    assert is_stopped(budget)


def test_a_top_up_ends_an_exhausted_stop() -> None:
    budget = factories.budget(limit="1")
    spent(budget, "1")
    manager = factories.person()
    assert not top_up(actor=manager, budget=budget, amount="5").is_stopped
    assert BudgetStop.objects.get().ended_by == manager


def test_a_top_up_does_not_end_what_a_person_stopped() -> None:
    budget = factories.budget(limit="1")
    frozen(budget)
    assert top_up(actor=factories.person(), budget=budget, amount="5").is_stopped
    assert not resume(actor=factories.person(), budget=budget).is_stopped


def test_a_spender_at_work_that_is_refused_stops_all() -> None:
    budget = factories.budget(limit="1")
    exhaust(budget=budget, reason="Run 12 needs 0.01 USD for each further minute")
    assert is_stopped(budget)
    assert not resume(actor=factories.person(), budget=budget).is_stopped


def test_an_exhausted_budget_with_nothing_left_is_not_resumed() -> None:
    budget = factories.budget(limit="1")
    spent(budget, "1")
    with pytest.raises(NothingLeft, match="Top it up"):
        resume(actor=factories.person(), budget=budget)
    assert is_stopped(budget)


def test_a_second_stop_changes_nothing() -> None:
    budget = factories.budget()
    frozen(budget)
    stop_everything(actor=factories.person(), budget=budget, reason="Me too")
    exhaust(budget=budget, reason="Nothing left")
    assert BudgetStop.objects.get().reason == "Guidelines are wrong"


def test_stop_and_resume_are_told_and_recorded_once() -> None:
    budget = factories.budget()
    frozen(budget)
    for _ in range(2):
        resume(actor=factories.person(), budget=budget)
    kinds = Notice.objects.order_by("pk").values_list("kind", flat=True)
    assert list(kinds) == [NoticeKind.BUDGET_STOPPED, NoticeKind.BUDGET_RESUMED]
    actions = AuditRecord.objects.filter(subject_id=budget.pk).order_by("pk").values_list("action", flat=True)
    assert list(actions)[-2:] == ["budget.stop", "budget.resume"]


def test_a_stop_needs_a_reason_and_a_manager() -> None:
    budget = factories.budget()
    with pytest.raises(Refusal, match="reason"):
        stop_everything(actor=factories.person(), budget=budget, reason="  ")
    with pytest.raises(Forbidden):
        stop_everything(actor=factories.person(Role.ANNOTATOR), budget=budget, reason="No")
    assert not is_stopped(budget)
