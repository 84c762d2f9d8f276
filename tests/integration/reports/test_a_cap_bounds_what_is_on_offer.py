from decimal import Decimal

import pytest

from budgets.cost_kinds import CostKind
from budgets.limits import set_cap
from budgets.models import Path
from planning.surfaces import Cap
from reports.advice import situation_of
from reports.advice.offers import offers_of
from reports.advice.question import question_of
from runs.money import cost_of
from studies.models import Split, Study
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def study() -> Study:
    """Forty labels, 200 further texts of the pool, and a test split."""
    made = factories.study()
    for split, how_many in ((Split.POOL, 40), (Split.TEST, 20)):
        texts = [f"{split} {number}" for number in range(how_many)]
        factories.examples(made, texts, labels=["good", "bad"] * (how_many // 2), split=split)
    factories.examples(made, [f"new {number}" for number in range(200)])
    return made


def test_labels_and_the_student_made_of_them_fit_under_the_cap_of_their_path(study: Study) -> None:
    set_cap(actor=study.created_by, budget=study.budget, path=Path.ANNOTATE, limit="4")
    situation = situation_of(study)
    assert situation.device is not None
    further = [one for one in offers_of(situation).found if one.num_new and one.path == Path.ANNOTATE]
    assert further
    for one in further:
        run = cost_of(seconds=Decimal(60 * one.minutes), price=situation.device)
        assert one.labels + run <= 4


def test_the_planner_is_told_of_caps_and_of_the_pool(study: Study) -> None:
    set_cap(actor=study.created_by, budget=study.budget, path=Path.ANNOTATE, limit="4")
    set_cap(actor=study.created_by, budget=study.budget, kind=CostKind.DEVICE_HOUR, limit="3")
    set_cap(actor=study.created_by, budget=study.budget, kind=CostKind.LABEL, limit="2")
    situation = situation_of(study)
    offers = offers_of(situation).found
    asked = question_of(situation=situation, offers=offers).offers
    assert asked.caps == (
        Cap(left=4, people=True, tokens=True, annotate=True),
        Cap(left=3, annotate=True, distil=True),
        Cap(left=2, people=True),
    )
    assert asked.new_labels is not None
    assert asked.new_labels.num_left == 200
    assert asked.new_labels.counts.tolist() == [one.num_new for one in offers]
