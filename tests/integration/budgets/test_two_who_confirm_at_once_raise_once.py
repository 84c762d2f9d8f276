from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from accounts.models import AuditRecord, Role, User
from budgets.limits import confirm_limit, set_confirm_above, top_up, waiting_request
from budgets.limits.limit_requests import LimitRequestClosed
from budgets.models import Budget
from tests import factories

pytestmark = pytest.mark.django_db(transaction=True)
NUM_PEOPLE = 6


def test_of_many_who_confirm_at_once_one_does() -> None:
    budget = factories.budget(limit="10")
    set_confirm_above(actor=factories.person(Role.ADMIN), book=budget.price_book, amount="100")
    top_up(actor=factories.person(), budget=budget, amount="1000")
    request = waiting_request(budget)
    assert request

    def confirm(person: User) -> str:
        try:
            return str(confirm_limit(actor=person, request=request).limit)
        except LimitRequestClosed:
            return "closed"
        finally:
            connection.close()

    people = [factories.person() for _ in range(NUM_PEOPLE)]
    with ThreadPoolExecutor(NUM_PEOPLE) as pool:
        answers = sorted(pool.map(confirm, people))
    assert answers == ["1010.000000", *["closed"] * (NUM_PEOPLE - 1)]
    assert Budget.objects.get(pk=budget.pk).limit == 1010
    assert AuditRecord.objects.filter(action="budget.limit").count() == 1
