from decimal import Decimal

import pytest

from accounts.models import Role
from budgets.cost_kinds import CostKind
from budgets.ledger import Cost, charge
from budgets.models import LedgerEntry, Origin, Path
from budgets.prices import price_at, set_price
from reports.queries import Reason, report_of
from studies.models import Study
from tests import factories
from tests.integration.reports import ground

pytestmark = pytest.mark.django_db


def pay_skip(study: Study) -> LedgerEntry:
    (bought,) = ground.buy_labels(study, 1)
    book, admin = study.budget.price_book, factories.person(Role.ADMIN)
    set_price(actor=admin, book=book, kind=CostKind.SKIP, amount="0.02", starts_at=factories.LONG_AGO)
    price = price_at(book=book, kind=CostKind.SKIP, at=ground.NOW)
    cost = Cost(
        source_key=bought.skip_key,
        quantity=Decimal(1),
        amount=price.rate,
        origin=Origin.PERSON,
        occurred_at=ground.NOW,
        payee=bought.annotator,
    )
    return charge(budget=study.budget, cost=cost, price=price, path=Path.ANNOTATE)


def test_a_paid_skip_is_no_label_that_no_student_used() -> None:
    study = factories.study()
    skip = pay_skip(study)
    groups = {group.reason: group for group in report_of(study).unused.groups}
    assert groups[Reason.SKIPS].amount == Decimal("0.02")
    assert groups[Reason.SKIPS].entry_ids == [skip.pk]
    assert groups[Reason.LABELS].amount == Decimal("0.10")
    assert report_of(study).reconciles
