"""Pay by the hour: 300 seconds at 20 an hour are 1.666667, also where a hold or an entry has hours of six decimals."""

import uuid
from datetime import timedelta
from decimal import Decimal

import pgtrigger
import pytest
from django.utils import timezone

from accounts.models import Role
from budgets.cost_kinds import CostKind
from budgets.ledger import Period, preview_repricing, reprice
from budgets.models import Budget, Hold, LedgerEntry, Origin, Tally
from labeling.models import Annotation, Assignment
from labeling.payment import pay_answer
from reports.verify import verify
from studies.models import Study
from tests import factories
from tests.labelling import hold_examples, priced

pytestmark = pytest.mark.django_db


@pytest.fixture
def study(db: None) -> Study:
    """One published example, whose budget has nothing beside its hold."""
    study = factories.study(limit="1.666667", pay_basis="per_hour", max_paid_seconds=300)
    priced(study, CostKind.LABELLING_HOUR, "20", starts_at=factories.LONG_AGO)
    factories.examples(study, ["one"])
    hold_examples(study)
    return study


def paid(study: Study, *, seconds: int = 300) -> LedgerEntry:
    """Pay the one assignment for an annotation of so many seconds."""
    assignment = Assignment.objects.select_related("hold__price__book", "publication__example__study").get()
    now, person = timezone.now(), factories.person(Role.ANNOTATOR)
    annotation = Annotation(
        unique_id=uuid.uuid4(),
        example=assignment.publication.example,
        assignment=assignment,
        annotator=person,
        completed_by=person.email,
        state=Annotation.State.ACCEPTED,
        origin=Origin.PERSON,
        result=[],
        value="good",
        lead_time=timedelta(seconds=seconds),
        label_studio_id=1,
        created_at=now,
        updated_at=now,
    )
    annotation.entry = pay_answer(assignment=assignment, annotation=annotation)
    annotation.save()
    return annotation.entry


def found(study: Study) -> list[str]:
    return [str(one) for one in verify(budgets=[Budget.objects.get(pk=study.budget_id)])]


def test_a_twelfth_of_an_hour_costs_a_twelfth_of_its_price(study: Study) -> None:
    entry = paid(study)
    assert (entry.amount, entry.quantity) == (Decimal("1.666667"), Decimal("0.083333333333"))
    assert found(study) == []


def test_a_hold_for_hours_of_six_decimals_pays_these(study: Study) -> None:
    Hold.objects.update(amount=Decimal("1.66666"), remaining=Decimal("1.66666"))
    Budget.objects.filter(pk=study.budget_id).update(limit=Decimal("1.66666"), held=Decimal("1.66666"))
    assert paid(study).amount == Decimal("1.66666")
    assert found(study) == []


@pytest.mark.parametrize(("seconds", "hours", "amount"), [(299, "0.083056", "1.66112"), (298, "0.082778", "1.65556")])
def test_an_entry_of_hours_with_six_decimals_still_verifies(
    study: Study, seconds: int, hours: str, amount: str
) -> None:
    """Both were rounded up; the study pays no second more than was worked."""
    entry = paid(study, seconds=seconds)
    Study.objects.update(max_paid_seconds=seconds)
    with pgtrigger.ignore("budgets.LedgerEntry:append_only"):
        LedgerEntry.objects.filter(pk=entry.pk).update(quantity=Decimal(hours), amount=Decimal(amount))
    Tally.objects.update(quantity=Decimal(hours), amount=Decimal(amount))
    Budget.objects.filter(pk=study.budget_id).update(spent=Decimal(amount))
    assert found(study) == []


def test_a_corrected_price_of_an_hour_is_paid_for_the_same_time(study: Study) -> None:
    price, admin = paid(study).price, factories.person(Role.ADMIN)
    Budget.objects.filter(pk=study.budget_id).update(limit=Decimal(10))
    period = Period(starts_at=timezone.now() - timedelta(hours=1), ends_at=timezone.now() + timedelta(hours=1))
    plan = preview_repricing(actor=admin, price=price, amount="25", period=period)
    reprice(actor=admin, price=price, amount="25", period=period, reason="wrong", expected_digest=plan.digest)
    assert Budget.objects.get(pk=study.budget_id).spent == Decimal("2.083333")
    assert found(study) == []
