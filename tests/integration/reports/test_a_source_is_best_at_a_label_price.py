from decimal import Decimal

import pytest
from django.test import Client

from budgets.cost_kinds import CostKind
from reports.what_if import what_if
from studies.models import Study
from tests import factories
from tests.integration.reports import ground

pytestmark = pytest.mark.django_db


@pytest.fixture
def study() -> Study:
    made = factories.study()
    ground.buy_labels(made, 40)
    ground.annotated(made, num_labels=40, utility=0.8)
    ground.distilled(made, teacher=ground.teacher(made, num_labels=10), utility=0.82)
    ground.annotated(made, num_labels=10, utility=0.6)
    return made


def test_each_student_is_a_line_over_the_price_of_a_label(study: Study) -> None:
    found = what_if(study=study, token_prices={})
    assert found.target == 0.8
    # A minute costs 0.01: the student alone, and teacher, scoring and student.
    lines = [(one.title, one.line.num_labels, one.line.fixed) for one in found.students]
    assert lines == [("Labels of people", 40, Decimal("0.01")), ("Taught by a teacher", 10, Decimal("0.035"))]
    first, second = found.cheapest
    assert (first.student.title, first.since) == ("Labels of people", 0)
    assert first.until == second.since == Decimal("0.025") / 30 and second.until is None
    best = found.best_at(Decimal("0.10"))
    assert best is not None and best.title == "Taught by a teacher"


def test_the_page_asks_and_sets_nothing(study: Study, client: Client) -> None:
    client.force_login(study.created_by)
    page = client.get(f"/studies/{study.pk}/report/what-if/", {"target": "81", "input_tokens": "0.5"})
    text = page.content.decode()
    assert "To reach 81.0 %" in text and "Labels of people" not in text
    assert "$0.10: <strong>taught by a teacher</strong>" in text
    assert "No student was measured" in client.get(page.request["PATH_INFO"], {"target": "99"}).content.decode()
    assert not study.budget.price_book.prices.filter(kind=CostKind.INPUT_TOKENS).exists()
