from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.models import AuditRecord, Role, User
from accounts.permissions import Forbidden
from budgets.limits import (
    StaleEdit,
    confirm_limit,
    decline_limit,
    exhaust,
    open_budget,
    set_confirm_above,
    set_limit,
    top_up,
    waiting_request,
)
from budgets.limits.limit_requests import LimitRequestClosed, LimitRequestWaits, SecondPersonNeeded
from budgets.models import Budget, LimitRequest
from config.refusals import Refusal
from tests import factories

pytestmark = pytest.mark.django_db
MILLION = "1000000"


@pytest.fixture
def budget() -> Budget:
    """A budget of 10 in a book that lets one person set up to 100."""
    made = factories.budget(limit="10")
    set_confirm_above(actor=factories.person(Role.ADMIN), book=made.price_book, amount="100")
    return Budget.objects.get(pk=made.pk)


@pytest.fixture
def mara(db: None) -> User:
    return factories.person(Role.MANAGER)


def asked(budget: Budget, by: User, amount: str = MILLION) -> LimitRequest:
    top_up(actor=by, budget=budget, amount=amount)
    found = waiting_request(budget)
    assert found
    return found


def limit(budget: Budget) -> Decimal:
    return Budget.objects.get(pk=budget.pk).limit


def test_nobody_tops_up_by_a_million_alone(budget: Budget, mara: User) -> None:
    request = asked(budget, mara)
    assert limit(budget) == 10
    assert (request.asked_by, request.old_limit, request.new_limit) == (mara, 10, 1000010)
    with pytest.raises(SecondPersonNeeded):
        confirm_limit(actor=mara, request=request)
    assert limit(budget) == 10


def test_a_second_person_makes_it_so(budget: Budget, mara: User) -> None:
    second = factories.person(Role.MANAGER)
    assert confirm_limit(actor=second, request=asked(budget, mara)).limit == 1000010
    record = AuditRecord.objects.get(action="budget.limit")
    assert (record.actor, record.after["asked_by"]) == (second, mara.email)
    assert AuditRecord.objects.get(action="budget.ask_limit").actor == mara


@pytest.mark.parametrize("way", ["top_up", "set_limit", "many small steps", "open"])
def test_no_way_of_raising_goes_round_it(budget: Budget, mara: User, way: str) -> None:
    if way == "top_up":
        top_up(actor=mara, budget=budget, amount="90.000001")
    elif way == "set_limit":
        set_limit(actor=mara, budget=budget, limit="100.000001")
    elif way == "many small steps":
        for _ in range(9):
            top_up(actor=mara, budget=budget, amount="10")
        top_up(actor=mara, budget=budget, amount="1")
    else:
        budget = open_budget(actor=mara, name="Large", limit=MILLION, price_book=budget.price_book)
    assert limit(budget) <= 100
    assert waiting_request(budget)


def test_what_one_person_may_set_is_set_at_once(budget: Budget, mara: User) -> None:
    assert set_limit(actor=mara, budget=budget, limit="100").limit == 100
    assert set_limit(actor=mara, budget=budget, limit="1").limit == 1
    assert not budget.limit_requests.exists()


def test_lowering_a_large_limit_never_waits(budget: Budget, mara: User) -> None:
    confirm_limit(actor=factories.person(), request=asked(budget, mara))
    assert set_limit(actor=mara, budget=budget, limit="500").limit == 500


def test_without_an_amount_one_person_is_enough(mara: User) -> None:
    assert top_up(actor=mara, budget=factories.budget(limit="10"), amount=MILLION).limit == 1000010


def test_the_same_form_sent_twice_asks_once(budget: Budget, mara: User) -> None:
    first, second = (asked(budget, mara) for _ in range(2))
    assert first == second
    with pytest.raises(LimitRequestWaits, match="asked for a limit of 1,000,010"):
        top_up(actor=factories.person(), budget=budget, amount=MILLION)
    with pytest.raises(LimitRequestWaits):
        top_up(actor=mara, budget=budget, amount="5000")


def test_confirming_twice_raises_once(budget: Budget, mara: User) -> None:
    second, request = factories.person(), asked(budget, mara)
    assert [confirm_limit(actor=second, request=request).limit for _ in range(2)] == [1000010, 1000010]
    with pytest.raises(LimitRequestClosed, match=f"is confirmed by {second.email}"):
        confirm_limit(actor=factories.person(), request=request)
    assert AuditRecord.objects.filter(action="budget.limit").count() == 1


def test_a_refused_request_cannot_be_confirmed(budget: Budget, mara: User) -> None:
    request = asked(budget, mara)
    assert decline_limit(actor=factories.person(), request=request).outcome == LimitRequest.Decision.REFUSED
    with pytest.raises(LimitRequestClosed, match="is refused by"):
        confirm_limit(actor=factories.person(), request=request)
    assert AuditRecord.objects.filter(action="budget.refuse_limit").exists()


def test_who_asked_withdraws(budget: Budget, mara: User) -> None:
    declined = [decline_limit(actor=mara, request=request) for request in [asked(budget, mara)] * 2]
    assert {one.outcome for one in declined} == {LimitRequest.Decision.WITHDRAWN}
    assert AuditRecord.objects.filter(action="budget.withdraw_limit").count() == 1


def test_a_request_expires_and_makes_room_for_another(budget: Budget, mara: User) -> None:
    request = asked(budget, mara)
    LimitRequest.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    with pytest.raises(LimitRequestClosed, match="is expired"):
        confirm_limit(actor=factories.person(), request=request)
    assert asked(budget, factories.person(), "500").new_limit == 510
    assert LimitRequest.objects.get(pk=request.pk).outcome == LimitRequest.Decision.EXPIRED


def test_a_limit_that_changed_meanwhile_is_not_overwritten(budget: Budget, mara: User) -> None:
    request = asked(budget, mara)
    set_limit(actor=factories.person(), budget=budget, limit="20")
    with pytest.raises(StaleEdit, match=r"is now 20\.00; it was 10\.00 when the raise was requested"):
        confirm_limit(actor=factories.person(), request=request)
    assert limit(budget) == 20


def test_who_may_not_set_budgets_neither_confirms_nor_has_asked(budget: Budget, mara: User) -> None:
    request = asked(budget, mara)
    with pytest.raises(Forbidden):
        confirm_limit(actor=factories.person(Role.ANNOTATOR), request=request)
    mara.is_active = False
    mara.save()
    with pytest.raises(LimitRequestClosed, match="can no longer set budgets"):
        confirm_limit(actor=factories.person(), request=request)


def test_only_an_admin_sets_the_amount(budget: Budget, mara: User) -> None:
    with pytest.raises(Forbidden, match="second person"):
        set_confirm_above(actor=mara, book=budget.price_book, amount=None)
    with pytest.raises(Refusal, match="amount"):
        set_confirm_above(actor=factories.person(Role.ADMIN), book=budget.price_book, amount="-1")
    record = AuditRecord.objects.get(action="price_book.confirm_above")
    assert (record.before, record.after) == ({"amount": None}, {"amount": "100"})


def test_the_database_refuses_one_person_twice(budget: Budget, mara: User) -> None:
    request = asked(budget, mara)
    with pytest.raises(IntegrityError, match="confirmed_by_a_second_person"), transaction.atomic():
        LimitRequest.objects.filter(pk=request.pk).update(outcome="confirmed", decided_by=mara)


def test_a_spent_budget_goes_on_once_the_raise_is_confirmed(budget: Budget, mara: User) -> None:
    exhaust(budget=budget, reason="A run needs more")
    request = asked(budget, mara)
    assert Budget.objects.get(pk=budget.pk).is_stopped
    assert not confirm_limit(actor=factories.person(), request=request).is_stopped
