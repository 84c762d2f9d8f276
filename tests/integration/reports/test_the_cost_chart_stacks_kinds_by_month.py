import csv
import json

import pytest
from django.test import Client
from django.urls import reverse

from reports.charts import (
    ChartView,
    MonthView,
    NothingToDraw,
    cost_axis,
    cost_chart,
    cost_chart_csv,
    month_costs,
    month_number,
)
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
    chart = cost_chart(month_costs(CostFilter()))
    (rows,) = chart.spec["datasets"].values()
    january = month_number(2026, 1)
    assert [(row["place"], row["kind"], row["amount"]) for row in rows] == [
        (january, "Device hour", 0.01),
        (january, "Accepted label", 0.3),
    ]
    assert [row["words"] for row in rows] == ["2026-01, Device hour: $0.01", "2026-01, Accepted label: $0.30"]
    assert "2026-01" in chart.svg()


def test_one_currency_is_drawn_at_a_time(study: Study) -> None:
    ground.buy_labels(factories.study(prices=factories.price_book(currency="EUR")), 1)
    assert "USD" not in json.dumps(cost_chart(month_costs(CostFilter(), currency="EUR")).spec)
    assert "EUR" in json.dumps(cost_chart(month_costs(CostFilter())).spec)


def test_a_dark_page_gets_a_dark_chart(study: Study) -> None:
    assert DARK.paper in cost_chart(month_costs(CostFilter()), theme=DARK).svg()


def test_where_nothing_was_spent_there_is_no_chart() -> None:
    with pytest.raises(NothingToDraw, match="Nothing was spent"):
        cost_chart(month_costs(CostFilter()))


def test_the_chart_comes_as_svg_and_png(study: Study) -> None:
    client = Client()
    client.force_login(factories.person())
    for suffix, kind in (("svg", "image/svg+xml"), ("png", "image/png")):
        answer = client.get(reverse("cost-chart", args=[suffix]), {"theme": "dark"})
        assert answer["Content-Type"] == kind
    assert client.get(reverse("cost-chart", args=["svg"]), {"kind": "skip"}).status_code == 404


def test_a_hidden_kind_is_neither_drawn_nor_in_the_file(study: Study) -> None:
    costs, view = month_costs(CostFilter()), ChartView(hidden=frozenset({"label"}))
    assert "Accepted label" not in json.dumps(cost_chart(costs, view=view).spec)
    assert list(csv.DictReader(cost_chart_csv(costs, view))) == [
        {"currency": "USD", "month": "2026-01", "kind": "device_hour", "amount": "0.010000"}
    ]


def test_months_outside_are_not_drawn_and_the_way_out_is_said(study: Study) -> None:
    costs, january = month_costs(CostFilter()), month_number(2026, 1)
    axis = cost_axis(costs, MonthView(low=january - 1, high=january))
    assert (axis.low, axis.high) == (january - 1.5, january + 0.5)
    with pytest.raises(NothingToDraw, match="more months"):
        cost_chart(costs, view=MonthView(low=january + 1))


def test_a_part_of_a_bar_leads_to_its_entries(study: Study) -> None:
    svg = cost_chart(month_costs(CostFilter()), leads_to=lambda row: f"http://here/{row.kind}").svg()
    assert "http://here/label" in svg and "http://here/device_hour" in svg
