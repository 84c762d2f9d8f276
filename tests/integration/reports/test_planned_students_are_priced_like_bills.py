from dataclasses import replace
from decimal import Decimal

import pytest

from budgets.cost_kinds import CostKind
from budgets.models import Path
from budgets.prices import price_at
from labeling.models import Assignment, Batch, LabelingProject, Publication
from reports.advice import NextTranche, OfferRecord, PlannedPoint, planned_points
from reports.advice.outcomes import Coverage
from reports.advice.planned import MOST_PLANNED
from reports.bills import StudyLedger
from reports.models import Recommendation
from reports.points import points
from runs.models import Artifact
from studies.models import Study
from tests import factories
from tests.factories import place_hold
from tests.integration.reports import ground
from tests.unit.reports.planned import offer

pytestmark = pytest.mark.django_db


@pytest.fixture
def study() -> Study:
    """Six labels at 0.10."""
    made = factories.study()
    ground.buy_labels(made, 6)
    return made


def tranche(study: Study, offers: list[OfferRecord], *, best: OfferRecord | None = None) -> NextTranche:
    cell = {"labels": best.labels, "pseudo_labels": best.pseudo_labels} if best else {}
    kept = Recommendation(study=study, offers=[one.as_json for one in offers], **cell)
    coverage = Coverage(inside_80=0, inside_90=0, total=0)
    return NextTranche(study=study, recommendation=kept, is_current=True, outcomes=[], coverage=coverage)


def planned(study: Study, *offers: OfferRecord, best: OfferRecord | None = None) -> list[PlannedPoint]:
    return planned_points(tranche(study, list(offers), best=best), ledger=StudyLedger(study))


def dollars(study: Study, one: OfferRecord) -> Decimal:
    (found,) = planned(study, one)
    return found.dollars


def measured(artifact: Artifact) -> Decimal:
    (point,) = [one for one in points(artifact.run.study) if one.artifact_id == artifact.pk]
    return point.dollars


@pytest.mark.parametrize("labels", [0, 2, 6])
def test_a_planned_student_costs_what_its_bill_will_say(study: Study, labels: int) -> None:
    expected = dollars(study, offer(labels=labels, compute_cost=Decimal("0.01")))
    student = ground.annotated(study, num_labels=labels) if labels else ground.annotated_none(study, utility=0.5)
    assert expected == measured(student) == Decimal("0.10") * labels + Decimal("0.01")


def test_a_teacher_that_is_there_is_in_full_in_the_bill(study: Study) -> None:
    teacher = ground.teacher(study, num_labels=4)
    compute = Decimal("0.015")
    expected = dollars(study, offer(labels=4, pseudo_labels=50, teacher_run=teacher.pk, compute_cost=compute))
    assert expected == measured(ground.distilled(study, teacher=teacher))


def test_further_labels_are_added_to_those_there(study: Study) -> None:
    further = offer(labels=10, num_new=4, label_cost=Decimal("0.40"), compute_cost=Decimal(1))
    assert dollars(study, further) == Decimal("2.00")


def test_labels_on_their_way_count_as_their_money_is_held(study: Study) -> None:
    wait(study, "first")
    wait(study, "second")
    assert dollars(study, offer(labels=8, num_waiting=2, compute_cost=Decimal(1))) == Decimal("1.80")
    assert dollars(study, offer(labels=6, compute_cost=Decimal(1))) == Decimal("1.60")


def wait(study: Study, text: str) -> None:
    """Publish one example, unanswered."""
    (example,) = factories.examples(study, [text])
    batch = Batch.objects.create(project=LabelingProject.objects.get(study=study), created_by=study.created_by)
    price = price_at(book=study.budget.price_book, kind=CostKind.LABEL, at=ground.NOW)
    key = f"assignment:{example.uid}:1"
    hold = place_hold(budget=study.budget, source_key=key, amount=price.rate, price=price, path=Path.ANNOTATE)
    publication = Publication.objects.create(batch=batch, example=example)
    Assignment.objects.create(publication=publication, number=1, hold=hold)


def test_imported_labels_cost_nothing() -> None:
    study = factories.study()
    factories.examples(study, ["one", "two"], labels=["good", "bad"])
    assert dollars(study, offer(labels=2, compute_cost=Decimal(1))) == Decimal(1)


def test_the_best_of_each_path_and_number_of_labels_is_drawn_and_the_recommended_first(study: Study) -> None:
    best = offer(labels=4, pseudo_labels=100)
    offers = [
        offer(labels=4, pseudo_labels=300),
        best,
        offer(labels=4),
        offer(labels=4, layers=(0, 1)),
        offer(labels=4, layers=(0, 2)),
        offer(labels=2, can_tell=False),
        offer(labels=2, pseudo_labels=None),
    ]
    found = planned(study, *offers, best=best)
    assert [(one.offer.path, one.offer.pseudo_labels, one.offer.layers, one.is_recommended) for one in found] == [
        (Path.DISTIL, 100, (), True),
        (Path.ANNOTATE, 0, (), False),
        (Path.ANNOTATE, 0, (0, 1), False),
    ]


def test_a_dozen_are_drawn(study: Study) -> None:
    assert len(planned(study, *(offer(labels=labels) for labels in range(MOST_PLANNED + 5)))) == MOST_PLANNED


def test_nothing_is_drawn_of_an_earlier_state(study: Study) -> None:
    old = replace(tranche(study, [offer(labels=4)]), is_current=False)
    assert planned_points(old, ledger=StudyLedger(study)) == []
