import json
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from accounts.models import Role
from budgets.cost_kinds import CostKind
from budgets.prices import set_price
from budgets.queries import differences
from tests import factories
from tests.integration.budgets.conftest import python

NUM_KILLS = 100
# Two settlements, a charge and an undone one; a fee on all but the charge; two reversals.
ENTRIES_PER_JOB = 9
SPENT_PER_JOB = Decimal("1.1") + Decimal("1.65") + Decimal("0.25")


@pytest.mark.django_db(transaction=True)
def test_a_process_killed_a_hundred_times_leaves_each_step_done_once_or_not_at_all() -> None:
    budget, admin = factories.budget(limit="100000"), factories.person(Role.ADMIN)
    start = datetime(2025, 1, 1, tzinfo=UTC)
    fee = set_price(actor=admin, book=budget.price_book, kind=CostKind.PLATFORM_FEE, amount="10", starts_at=start)
    mortal = python("mortal.py", str(budget.pk), str(fee.pk), str(admin.pk), "7", str(NUM_KILLS))
    told, _ = mortal.communicate(timeout=180)
    assert mortal.returncode == 0
    found = json.loads(told)
    budget.refresh_from_db()
    assert found["num_half_done"] > 0
    assert found["num_entries"] == ENTRIES_PER_JOB * found["num_jobs"]
    assert (budget.spent, budget.held) == (SPENT_PER_JOB * found["num_jobs"], 0)
    assert differences(budget) == []
