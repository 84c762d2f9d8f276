import json

import pytest
from django.test import Client
from django.urls import reverse

from reports.charts import NothingToDraw, cost_chart
from reports.charts.theme import DARK
from reports.costs import CostFilter
from studies.models import Study
from tests import factories
from tests.integration.reports import ground

pytestmark = pytest.mark.django_db


@pytest.fixture
def study() -> Study:
    study = factories.study()
    ground.buy_labels(study, 3)
    ground.annotated(study, num_labels=2)
    return study


def test_each_month_has_its_kinds(study: Study) -> None:
    chart = cost_chart(wanted=CostFilter())
    (rows,) = chart.spec["datasets"].values()
    assert [(row["month"], row["kind"], row["amount"]) for row in rows] == [
        ("2026-01", "Device hour", 0.01),
        ("2026-01", "Accepted label", 0.3),
    ]
    assert "2026-01" in chart.svg()


def test_one_currency_is_drawn_at_a_time(study: Study) -> None:
    ground.buy_labels(factories.study(prices=factories.price_book(currency="EUR")), 1)
    assert "USD" not in json.dumps(cost_chart(wanted=CostFilter(), currency="EUR").spec)
    assert "EUR" in json.dumps(cost_chart(wanted=CostFilter()).spec)


def test_a_dark_page_gets_a_dark_chart(study: Study) -> None:
    assert DARK.paper in cost_chart(wanted=CostFilter(), theme=DARK).svg()


def test_where_nothing_was_spent_there_is_no_chart() -> None:
    with pytest.raises(NothingToDraw, match="Nothing was spent"):
        cost_chart(wanted=CostFilter())


def test_the_chart_comes_as_svg_and_png(study: Study) -> None:
    client = Client()
    client.force_login(factories.person())
    for suffix, kind in (("svg", "image/svg+xml"), ("png", "image/png")):
        answer = client.get(reverse("cost-chart", args=[suffix]), {"theme": "dark"})
        assert answer["Content-Type"] == kind
    assert client.get(reverse("cost-chart", args=["svg"]), {"kind": "skip"}).status_code == 404
