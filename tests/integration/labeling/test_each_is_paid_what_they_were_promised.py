"""Own prices, hours, skips and the platform fee, of people who answer in a real Label Studio."""

from decimal import Decimal

import pytest
from django.utils import timezone

from accounts.models import Role
from budgets.cost_kinds import CostKind
from budgets.ledger import Period, preview_repricing, reprice
from budgets.limits import top_up
from budgets.models import BudgetStop, LedgerEntry
from labeling.models import Annotation
from labeling.publishing import publish
from studies.models import Study
from tests import factories
from tests.factories import LONG_AGO
from tests.integration.labeling.conftest import Enter, Member, is_exact, published_ids, spent_and_held, synced
from tests.labelling import priced
from tests.services import LabelStudioServer
from web.presenters import earned

pytestmark = pytest.mark.django_db
State = Annotation.State


@pytest.fixture
def study(db: None, label_studio: LabelStudioServer) -> Study:
    """Two examples, not published yet; a label costs 0.10."""
    made = factories.study()
    factories.examples(made, ["one", "two"])
    return made


def published(study: Study) -> list[int]:
    publish(actor=study.created_by, study=study)
    return published_ids(study)


def amounts(study: Study) -> list[str]:
    return [f"{one.kind} {one.amount:.4f}" for one in LedgerEntry.objects.filter(budget=study.budget).order_by("pk")]


def test_the_dearest_price_is_held_and_each_is_paid_their_own(study: Study, annotator: Member, enter: Enter) -> None:
    dear = enter(factories.person(Role.ANNOTATOR))
    priced(study, CostKind.LABEL, "0.25", annotator=dear.person)
    first, second = published(study)
    assert spent_and_held(study) == ("0.00", "0.50")
    annotator.annotate(first)
    dear.annotate(second)
    synced(study)
    assert amounts(study) == ["label 0.1000", "label 0.2500"]
    assert spent_and_held(study) == ("0.35", "0.00")
    assert is_exact(study)


def test_a_price_set_after_the_publishing_changes_nothing_of_it(study: Study, annotator: Member) -> None:
    first, _ = published(study)
    priced(study, CostKind.LABEL, "0.02", annotator=annotator.person)
    annotator.annotate(first)
    synced(study)
    assert amounts(study) == ["label 0.1000"]
    assert is_exact(study)


def test_the_platform_fee_comes_on_top_and_is_held_with_it(study: Study, annotator: Member) -> None:
    priced(study, CostKind.PLATFORM_FEE, "20")
    first, _ = published(study)
    assert spent_and_held(study) == ("0.00", "0.24")
    annotator.annotate(first)
    synced(study)
    assert amounts(study) == ["label 0.1000", "platform_fee 0.0200"]
    assert is_exact(study)


@pytest.fixture
def hourly(db: None, label_studio: LabelStudioServer) -> Study:
    """One example, paid at 36 an hour, which is 0.01 a second, for a minute at most."""
    made = factories.study(pay_basis="per_hour", max_paid_seconds=60)
    priced(made, CostKind.LABELLING_HOUR, "36")
    factories.examples(made, ["one"])
    return made


@pytest.mark.parametrize(("lead_time", "amount"), [(10, "0.1000"), (600, "0.6000"), (-5, "0.0000"), (None, "0.0000")])
def test_by_the_hour_the_time_is_paid_up_to_the_most_and_none_where_none_is_told(
    hourly: Study, annotator: Member, lead_time: float | None, amount: str
) -> None:
    (example,) = published(hourly)
    assert spent_and_held(hourly) == ("0.00", "0.60")
    annotator.annotate(example, lead_time=lead_time)
    (annotation,) = synced(hourly)
    assert amounts(hourly) == [f"labelling_hour {amount}"]
    assert annotation.entry is not None
    assert ("reported no lead time" in annotation.entry.memo) is (Decimal(amount) == 0)
    assert is_exact(hourly)


def test_an_hourly_answer_is_paid_once_though_more_time_is_spent_on_it(hourly: Study, annotator: Member) -> None:
    (example,) = published(hourly)
    made = annotator.annotate(example, lead_time=10).json()
    synced(hourly)
    annotator.edit(made["id"], "bad", lead_time=30)
    synced(hourly)
    assert amounts(hourly) == ["labelling_hour 0.1000"]
    assert is_exact(hourly)


def test_a_skip_is_paid_once_per_person_and_example(study: Study, annotator: Member, enter: Enter) -> None:
    priced(study, CostKind.SKIP, "0.02")
    first, _ = published(study)
    annotator.skip(first)
    annotator.skip(first)
    enter(factories.person(Role.ANNOTATOR)).skip(first)
    synced(study)
    synced(study)
    assert amounts(study) == ["skip 0.0200", "skip 0.0200"]
    assert spent_and_held(study) == ("0.04", "0.20")
    assert is_exact(study)


def test_a_paid_skip_that_becomes_an_answer_is_paid_as_the_answer(study: Study, annotator: Member) -> None:
    priced(study, CostKind.SKIP, "0.02")
    first, _ = published(study)
    made = annotator.skip(first).json()
    synced(study)
    annotator.edit(made["id"], "good", was_cancelled=False)
    (annotation,) = synced(study)
    assert annotation.state == State.ACCEPTED
    assert amounts(study) == ["skip 0.0200", "label 0.1000", "skip -0.0200"]
    assert spent_and_held(study) == ("0.10", "0.10")
    assert is_exact(study)


def test_a_skip_without_money_stops_the_budget_and_is_paid_after_a_top_up(
    label_studio: LabelStudioServer, annotator: Member
) -> None:
    study = factories.study(limit="0.11")
    factories.examples(study, ["one"])
    priced(study, CostKind.SKIP, "0.02")
    (example,) = published(study)
    annotator.skip(example)
    (annotation,) = synced(study)
    assert annotation.awaits_pay and "is to be paid" in BudgetStop.objects.get().reason
    top_up(actor=factories.person(), budget=study.budget, amount="0.05")
    (annotation,) = synced(study)
    assert not annotation.awaits_pay
    assert amounts(study) == ["skip 0.0200"]
    assert is_exact(study)


def test_corrections_of_a_price_are_in_what_a_person_earned(study: Study, annotator: Member) -> None:
    first, _ = published(study)
    annotator.annotate(first)
    (annotation,) = synced(study)
    assert annotation.entry is not None
    corrected(annotation.entry, "0.15")
    (one,) = earned(annotator.person)
    assert (str(one.amount), one.num_accepted) == ("0.150000", 1)
    assert str(Annotation.objects.get().pay) == "0.150000"
    assert is_exact(study)


def corrected(entry: LedgerEntry, amount: str) -> None:
    admin, period = factories.person(Role.ADMIN), Period(starts_at=LONG_AGO, ends_at=timezone.now())
    plan = preview_repricing(actor=admin, price=entry.price, amount=amount, period=period)
    reprice(actor=admin, price=entry.price, amount=amount, period=period, reason="Wrong", expected_digest=plan.digest)
