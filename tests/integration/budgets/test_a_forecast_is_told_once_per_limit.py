from datetime import timedelta

import pytest

from budgets.forecast import notify_forecasts, outlook
from budgets.limits import set_limit, stop_everything
from budgets.models import Budget
from notices.models import Notice, NoticeKind
from tests import factories
from tests.integration.budgets.ledger_ground import NOW, spent

pytestmark = pytest.mark.django_db


def spending(limit: str) -> Budget:
    """A budget that spends one unit per day."""
    budget = factories.budget(limit=limit)
    for days in (4, 3, 2, 1):
        spent(budget, "1", at=NOW - timedelta(days=days))
    budget.refresh_from_db()
    return budget


def forecasts() -> list[str]:
    return list(Notice.objects.filter(kind=NoticeKind.BUDGET_FORECAST).values_list("title", flat=True))


def test_a_budget_that_runs_out_within_a_week_is_told_once() -> None:
    budget = spending("9")
    assert (notify_forecasts(now=NOW), notify_forecasts(now=NOW)) == (1, 0)
    assert forecasts() == [f"“{budget}” is forecast to run out on 2026-03-15"]


def test_another_limit_is_told_of_again() -> None:
    budget = spending("9")
    notify_forecasts(now=NOW)
    set_limit(actor=factories.person(), budget=budget, limit="10")
    assert notify_forecasts(now=NOW) == 1


def test_a_budget_that_lasts_longer_is_not_told_of() -> None:
    budget = spending("20")
    assert notify_forecasts(now=NOW) == 0
    found = outlook(budget=budget, now=NOW)
    assert found is not None
    assert found.runs_out_at == NOW + timedelta(days=16)


def test_a_stopped_budget_has_no_forecast() -> None:
    budget = spending("9")
    stopped = stop_everything(actor=factories.person(), budget=budget, reason="Enough")
    assert outlook(budget=stopped, now=NOW) is None
    assert notify_forecasts(now=NOW) == 0
