from decimal import Decimal

import pytest
from django.utils import timezone

from accounts.models import Role
from budgets.cost_kinds import CostKind
from budgets.ledger import BudgetStopped
from budgets.models import Budget
from budgets.prices import set_price
from labeling.publishing import NoneFits, publish
from studies.models import Study
from tests import factories
from tests.integration.reports import ground
from tests.labelling import hold_examples

pytestmark = pytest.mark.django_db


def study_of(*, limit: str, label: str) -> Study:
    study = factories.study(limit=limit, prices=factories.price_book(label=label))
    factories.examples(study, [f"text {number}" for number in range(4)])
    return study


def test_a_price_below_a_cent_is_told_with_all_its_digits() -> None:
    study = study_of(limit="0.004", label="0.0024")
    held = hold_examples(study, 4)
    assert held is not None
    assert (held.num_examples, held.missing) == (1, Decimal("0.0056"))
    with pytest.raises(
        NoneFits, match=r"0\.0016 USD left; this needs 0\.0024, which is 0\.0008 USD more.* 0\.0072 USD"
    ):
        hold_examples(study, 3)


def test_free_labels_of_a_spent_budget_wait_for_a_top_up_and_the_refusal_says_so() -> None:
    study = study_of(limit="0.20", label="0.10")
    ground.buy_labels(study, 2)
    study.budget = Budget.objects.get(pk=study.budget_id)
    admin, book = factories.person(Role.ADMIN), study.budget.price_book
    set_price(actor=admin, book=book, kind=CostKind.LABEL, amount="0", starts_at=timezone.now())
    with pytest.raises(BudgetStopped, match="Top it up on its budget page: until then nothing starts, including work"):
        publish(actor=study.created_by, study=study)
