from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import Role
from budgets.cost_kinds import CostKind
from budgets.limits import set_cap, stop_everything
from budgets.prices import PriceMissing
from labeling.models import Annotation
from labeling.publishing import quote_labels
from planning.estimates import Estimate
from studies.models import Study
from tests import factories
from tests.integration.reports import ground
from tests.labelling import priced

pytestmark = pytest.mark.django_db


@pytest.fixture
def study(db: None) -> Study:
    return factories.study(limit="1")


def estimated(study: Study, num_examples: int) -> Estimate:
    """Quote as many further examples."""
    factories.examples(study, [f"text {number}" for number in range(num_examples)])
    return quote_labels(study=study, num_examples=num_examples).estimate


def answered(study: Study, seconds: list[float], **changes: Any) -> None:
    for time, annotation in zip(seconds, ground.buy_labels(study, len(seconds)), strict=True):
        Annotation.objects.filter(pk=annotation.pk).update(
            lead_time=timedelta(seconds=time), created_at=timezone.now(), **changes
        )


def test_without_a_history_today_s_prices_decide(study: Study) -> None:
    priced(study, CostKind.LABEL, "0.25", annotator=factories.person(Role.ANNOTATOR))
    found = estimated(study, 10)
    assert (found.low, found.expected, found.high) == (Decimal(1), Decimal(1), Decimal("2.5"))
    assert found.expected_seconds == 200


def test_the_mix_of_who_answered_so_far_is_expected_again(study: Study) -> None:
    dear = factories.person(Role.ANNOTATOR)
    priced(study, CostKind.LABEL, "0.20", annotator=dear)
    answered(study, [4, 6])
    Annotation.objects.filter(pk__in=Annotation.objects.values("pk")[:1]).update(annotator=dear)
    found = estimated(study, 10)
    assert found.expected == Decimal("1.5")
    assert "2 annotations" in found.basis


def test_hours_are_estimated_from_the_times_so_far(db: None) -> None:
    study = factories.study(pay_basis="per_hour", max_paid_seconds=60)
    priced(study, CostKind.LABELLING_HOUR, "36")
    answered(study, [10, 20, 30])
    found = estimated(study, 1)
    assert [round(one, 2) for one in (found.low, found.expected, found.high)] == [
        Decimal("0.10"),
        Decimal("0.20"),
        Decimal("0.60"),
    ]


def test_the_fee_is_in_it(study: Study) -> None:
    priced(study, CostKind.PLATFORM_FEE, "10")
    assert estimated(study, 10).expected == Decimal("1.1")


def test_a_quote_says_how_many_fit_under_limit_and_cap(study: Study) -> None:
    factories.examples(study, [f"text {number}" for number in range(12)])
    quote = quote_labels(study=study, num_examples=12)
    assert (quote.num_fitting, quote.missing) == (10, Decimal("0.2"))
    set_cap(actor=factories.person(), budget=study.budget, limit="0.35", path="annotate")
    assert quote_labels(study=study, num_examples=12).num_fitting == 3


def test_under_a_stop_nothing_fits(study: Study) -> None:
    stop_everything(actor=factories.person(), budget=study.budget, reason="Enough")
    assert quote_labels(study=study, num_examples=1).num_fitting == 0


def test_without_a_price_there_is_none(db: None) -> None:
    study = factories.study(pay_basis="per_hour")
    with pytest.raises(PriceMissing, match="hour of labelling"):
        estimated(study, 1)
