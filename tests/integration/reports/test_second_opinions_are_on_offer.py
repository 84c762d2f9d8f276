"""Second opinions are on offer once pairs of annotations tell how many labels are wrong."""

from csv import DictReader
from decimal import Decimal
from io import StringIO
from typing import Any

import pytest

from budgets.models import Budget
from labeling.agreement import first_pairs
from labeling.models import Assignment, LabelingProject, OpinionPurchase
from labeling.publishing import OpinionRequest, hold_opinions
from planning.surfaces import Cell
from reports.advice import NextTranche, OfferRecord, next_tranche, recommend, situation_of
from reports.advice.question import measured_points
from reports.autopilot import step
from reports.exports import planned_csv, report_csv
from reports.points import points
from reports.queries import report_of
from reports.tables import report_text
from reports.verify import verify
from studies.models import Label, Split, Study
from tests import factories
from tests.integration.reports import ground
from tests.integration.reports.autopilots import outside, recommended, switched_on
from tests.integration.reports.opinion_ground import Desk
from web.views.next_tranche import first_step

__all__ = ["outside"]

pytestmark = pytest.mark.django_db
FIVE = ("good", "bad", "good", "good", "good")


def published(**fields: Any) -> Study:
    """Sixty examples of the pool, and a test split."""
    made = factories.study(**fields)
    factories.examples(made, [f"row {number}" for number in range(60)])
    labels = [made.labels[number % len(made.labels)] for number in range(20)]
    factories.examples(made, [f"test {number}" for number in range(20)], labels=labels, split=Split.TEST)
    return made


@pytest.fixture
def desk() -> Desk:
    """Sixty labels by the first of three people, and two students of them."""
    desk = Desk.of(published())
    desk.answer_all(0, "good")
    ground.annotated(desk.study, num_labels=20, utility=0.55)
    ground.annotated(desk.study, num_labels=60, utility=0.7)
    return desk


def ask(study: Study, num_examples: int) -> OpinionPurchase:
    held = hold_opinions(OpinionRequest(by=study.created_by, study=study, num_examples=num_examples))
    assert held is not None
    return held.purchase


def asked_and_answered(desk: Desk, num_examples: int) -> None:
    """Second opinions of which one in five differs, and thirds that agree with them."""
    ask(desk.study, num_examples)
    assert desk.answer_all(1, *FIVE) == num_examples
    assert desk.answer_all(2, "bad") == num_examples // 5


def advised(study: Study) -> NextTranche:
    study.refresh_from_db()
    recommend(study=study)
    return next_tranche(study)


def notes(found: NextTranche) -> str:
    assert found.recommendation is not None
    return " ".join(found.recommendation.notes)


def opinions(found: NextTranche) -> list[OfferRecord]:
    return [one for one in found.offers if one.num_asked]


def test_before_a_pair_it_is_said_what_would_tell_and_for_how_much(desk: Desk) -> None:
    found = advised(desk.study)
    assert not opinions(found)
    assert "Cannot tell what second opinions are worth: no example has two annotations." in notes(found)
    assert "20 second opinions would tell, for $2.40." in notes(found)


def test_once_pairs_tell_the_error_second_opinions_are_on_offer_with_their_price(desk: Desk) -> None:
    asked_and_answered(desk, 25)
    assert (first_pairs(desk.study).num_pairs, first_pairs(desk.study).num_equal) == (25, 20)
    found = advised(desk.study)
    said = {one.num_asked: one for one in opinions(found) if not one.pseudo_labels}
    assert set(said) == {10, 20, 35}
    every = said[35]
    assert every.name == "second opinions on 35 of the 60 labels and a student of 60 labels"
    # An annotation of each, and a third of one in five: (5 + 1) / (25 + 5) of 35 is 7.
    assert (every.num_opinions, every.num_new, every.label_cost) == (60, 0, Decimal("4.20"))
    assert every.arm == "Second opinions, annotate" and not every.is_startable
    assert "Labels of one annotation are taken to be wrong in about 11 %" in notes(found)
    assert "of 25 examples with two annotations 20 agree" in notes(found)
    assert "labels_with_second_opinions" in planned_csv(found)


def test_more_of_them_are_expected_to_score_more(desk: Desk) -> None:
    asked_and_answered(desk, 25)
    said = {one.num_asked: one.score for one in opinions(advised(desk.study)) if not one.pseudo_labels}
    assert said[35] is not None and said[10] is not None and said[35] > said[10] > 55


def test_the_button_leads_to_the_page_that_asks_for_them(desk: Desk) -> None:
    asked_and_answered(desk, 25)
    found = advised(desk.study)
    found.__dict__["best"] = opinions(found)[0]
    first = first_step(found)
    assert first is not None and first.text == f"Ask for {opinions(found)[0].num_asked} second opinions"
    assert f"/studies/{desk.study.pk}/labelling/second-opinions/?num_examples=" in first.url


def test_a_student_of_corrected_labels_is_another_cell_and_teaches_the_curve_as_more(desk: Desk) -> None:
    asked_and_answered(desk, 25)
    situation = situation_of(desk.study)
    assert situation.pool.num_opinions(60) == 25
    assert (Cell(60) in situation.measured, Cell(60, opinions=25) in situation.measured) == (True, False)
    retrained = [one for one in advised(desk.study).offers if (one.labels, one.num_opinions) == (60, 25)]
    assert retrained and all(one.label_cost == 0 for one in retrained)
    ground.annotated(desk.study, num_labels=60, utility=0.75)
    assert sorted(point.num_opinions for point in points(desk.study)) == [0, 0, 25]
    rows = DictReader(StringIO(report_csv(report_of(desk.study))))
    assert sorted(row["labels_with_second_opinions"] for row in rows) == ["0", "0", "25"]
    assert "25 rest on second opinions" in report_text(report_of(desk.study))
    assert Cell(60, opinions=25) in {point.cell for point in measured_points(situation_of(desk.study)).curve}


def test_labels_are_corrected_and_the_ledger_agrees(desk: Desk) -> None:
    asked_and_answered(desk, 25)
    assert Label.objects.filter(example__study=desk.study, value="bad", example__split=Split.POOL).count() == 5
    assert not Assignment.objects.waiting().exists()
    budget = Budget.objects.get(pk=desk.study.budget_id)
    assert (budget.held, verify(budgets=[budget])) == (0, [])


def test_dearer_second_opinions_are_no_part_of_a_pilot(desk: Desk) -> None:
    asked_and_answered(desk, 60)
    found = advised(desk.study)
    assert not opinions(found) and "No second opinions are on offer." in notes(found)
    assert not any(one.num_asked for one in found.pilot)


@pytest.mark.parametrize(
    ("fields", "num_people", "reason"),
    [
        ({"annotations_per_example": 2}, 3, "rests on 2 annotations already"),
        ({"task_type": "multi_label_classification"}, 3, "not of answers of this task type"),
        ({}, 2, "needs 3 annotators"),
    ],
)
def test_where_nothing_can_be_said_of_them_the_reason_is_noted(
    fields: dict[str, Any], num_people: int, reason: str
) -> None:
    study = factories.study(**fields)
    factories.examples(study, ["one", "two"])
    answer = '["good"]' if study.definition.is_list else "good"
    factories.examples(study, ["test"], labels=[answer], split=Split.TEST)
    desk = Desk.of(study, num_people=num_people)
    desk.answer_all(0, answer)
    assert reason in notes(advised(study))


def test_a_study_of_imported_labels_says_nothing_of_them() -> None:
    study = factories.study()
    factories.examples(study, [f"row {number}" for number in range(40)], labels=["good", "bad"] * 20)
    factories.examples(study, ["test"], labels=["good"], split=Split.TEST)
    assert "second opinion" not in notes(advised(study))


def test_an_autopilot_asks_for_them_once(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[LabelingProject] = []
    monkeypatch.setattr(
        "reports.autopilot.stepping.set_overlap_of", lambda *, project, client, publications: asked.append(project)
    )
    asked_and_answered(desk, 25)
    autopilot = switched_on(desk.study)
    recommended(desk.study, num_asked=10, num_opinions=35, label_cost=Decimal("1.20"))
    for _ in range(2):
        step(study_id=desk.study.pk)
    bought = autopilot.steps.get()
    assert bought.purchase == "second opinions on 10 labels, for a student of 60 labels"
    assert (Decimal(bought.figures["held"]), bought.examples.count(), len(asked)) == (2, 10, 1)
    assert Assignment.objects.waiting().filter(opinion_purchase__created_by=autopilot.acts_for).count() == 20
