from typing import Any

import pytest

from accounts.models import Role
from accounts.permissions import Forbidden
from budgets.models import Budget
from config.refusals import Refusal
from studies.editing import StudyInvalid, StudySpec, create_study
from studies.models import Study
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"labels": ("only",)}, "labels: between 2"),
        ({"labels": ("Good", "good")}, "differ only in case"),
        ({"name": "  "}, "name"),
        ({"task_type": "juggling"}, "task_type"),
        ({"metric": "joy"}, "metric"),
        ({"annotations_per_example": 0}, "annotations_per_example"),
        ({"dev_fraction": 0.5, "test_fraction": 0.5}, "fractions"),
        ({"limit": "-1"}, "limit"),
    ],
)
def test_a_bad_field_is_named_and_nothing_is_left(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(Refusal, match=message):
        factories.study(**wrong)
    assert not Study.objects.exists()
    assert not Budget.objects.exists()


def test_a_name_is_taken_once() -> None:
    factories.study(name="Stance")
    with pytest.raises(StudyInvalid, match="already"):
        factories.study(name=" Stance ")


def test_an_annotator_makes_no_study() -> None:
    spec = StudySpec(
        name="Mine",
        task_type="text_classification",
        labels=("a", "b"),
        limit="1",
        price_book=factories.price_book(),
        student_model=factories.PACKAGE_MODEL,
        teacher_model=factories.PACKAGE_MODEL,
    )
    with pytest.raises(Forbidden):
        create_study(actor=factories.person(Role.ANNOTATOR), spec=spec)
