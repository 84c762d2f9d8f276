import pytest

from accounts.models import Role
from budgets.ledger import reverse
from budgets.limits import set_limit, set_thresholds, top_up
from budgets.models import Budget, LedgerEntry
from config.refusals import Refusal
from notices.models import Notice, NoticeKind
from tests import factories
from tests.integration.budgets.ledger_ground import spent

pytestmark = pytest.mark.django_db


def told(budget: Budget) -> list[str]:
    rows = Notice.objects.filter(kind=NoticeKind.BUDGET_THRESHOLD, path=f"/budgets/{budget.pk}/").order_by("pk")
    return [title.partition(" of ")[0] for title in rows.values_list("title", flat=True)]


def test_each_threshold_that_is_passed_is_told() -> None:
    budget = factories.budget(limit="10")
    spent(budget, "4.9")
    assert told(budget) == []
    spent(budget, "0.1")
    assert told(budget) == ["50 %"]
    spent(budget, "5")
    assert told(budget) == ["50 %", "80 %", "100 %"]


def test_a_threshold_passed_again_after_a_reversal_is_not_told_again() -> None:
    budget = factories.budget(limit="10")
    entry: LedgerEntry = spent(budget, "6")
    reverse(actor=factories.person(Role.ADMIN), entry=entry, reason="Twice")
    spent(budget, "6")
    assert told(budget) == ["50 %"]


def test_after_a_top_up_the_thresholds_of_the_new_limit_are_told() -> None:
    budget = factories.budget(limit="10")
    spent(budget, "6")
    top_up(actor=factories.person(), budget=budget, amount="10")
    spent(budget, "5")
    assert told(budget) == ["50 %", "50 %"]


def test_a_lower_limit_tells_what_it_passes() -> None:
    budget = factories.budget(limit="10")
    spent(budget, "4")
    set_limit(actor=factories.person(), budget=budget, limit="5")
    assert told(budget) == ["50 %", "80 %"]


def test_chosen_thresholds_are_sorted_and_count_once() -> None:
    budget = set_thresholds(actor=factories.person(), budget=factories.budget(), percents=[90, 10, 90])
    assert budget.thresholds == [10, 90]


@pytest.mark.parametrize("percents", [[0], [101], [-5], list(range(1, 22))])
def test_thresholds_that_cannot_be_are_refused(percents: list[int]) -> None:
    with pytest.raises(Refusal, match="thresholds"):
        set_thresholds(actor=factories.person(), budget=factories.budget(), percents=percents)
