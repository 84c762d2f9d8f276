import uuid
from decimal import Decimal

import pytest
from django.utils import timezone

from accounts.models import Role
from budgets.cost_kinds import CostKind
from budgets.ledger import BudgetStopped
from budgets.models import Budget
from budgets.prices import set_price
from labeling.models import LabelingProject
from labeling.publishing import NoneFits, PublishRequest, hold_batch, publish
from labeling.publishing.batches import HeldBatch, publishable
from studies.models import Split, Study
from tests import factories
from tests.integration.reports import ground

pytestmark = pytest.mark.django_db


def study_of(*, limit: str, label: str) -> Study:
    study = factories.study(limit=limit, prices=factories.price_book(label=label))
    factories.examples(study, [f"text {number}" for number in range(4)])
    LabelingProject.objects.create(study=study, label_studio_id=1)
    return study


def hold(study: Study, num_examples: int) -> HeldBatch | None:
    examples = publishable(study=study, split=Split.POOL)
    wanted = PublishRequest(
        by=study.created_by, study=study, examples=examples, num_examples=num_examples, uid=uuid.uuid4()
    )
    return hold_batch(wanted)


def test_a_price_below_a_cent_is_told_with_all_its_digits() -> None:
    study = study_of(limit="0.004", label="0.0024")
    held = hold(study, 4)
    assert held is not None
    assert (held.num_examples, held.missing) == (1, Decimal("0.0056"))
    with pytest.raises(
        NoneFits, match=r"0\.0016 USD left; this needs 0\.0024, which is 0\.0008 USD more.* 0\.0072 USD"
    ):
        hold(study, 3)


def test_free_labels_of_a_spent_budget_wait_for_a_top_up_and_the_refusal_says_so() -> None:
    study = study_of(limit="0.20", label="0.10")
    ground.buy_labels(study, 2)
    study.budget = Budget.objects.get(pk=study.budget_id)
    admin, book = factories.person(Role.ADMIN), study.budget.price_book
    set_price(actor=admin, book=book, kind=CostKind.LABEL, amount="0", starts_at=timezone.now())
    with pytest.raises(BudgetStopped, match="Top it up on its budget page: until then nothing starts, including work"):
        publish(actor=study.created_by, study=study)
