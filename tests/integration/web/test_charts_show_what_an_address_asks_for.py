"""Costs, learning curves, a run's curves and reliability: each hides, zooms and speaks like the report's chart."""

import csv
from collections.abc import Callable
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from budgets.models import Path as SpendingPath
from runs.models import Artifact, RunKind
from tests import factories
from tests.integration.reports import ground
from tests.tiny_artifacts import give_predictions, said_of

pytestmark = pytest.mark.django_db


@dataclass(frozen=True)
class Drawn:
    """A page with a chart: its addresses, how many marks it has, a series, what a mark of it says, and a bound."""

    page: str
    part: str
    svg: str
    table: str
    num_marks: int
    hide: str
    says: str
    leads_to: str
    beyond: str


def costs(settings: Settings, folder: Path) -> Drawn:
    study = factories.study()
    ground.buy_labels(study, 3)
    ground.annotated(study, num_labels=2)
    return Drawn(
        page=reverse("costs"),
        part=reverse("cost-part"),
        svg=reverse("cost-chart", args=["svg"]),
        table=reverse("cost-chart", args=["csv"]),
        num_marks=2,
        hide="label",
        says="2026-01, Accepted label: $0.30",
        leads_to=f'{reverse("cost-entries")}?kind=label&amp;first_month=2026-01&amp;last_month=2026-01"',
        beyond="2026-02",
    )


def curves_of_learning(settings: Settings, folder: Path) -> Drawn:
    study = factories.study()
    ground.buy_labels(study, 3)
    student = ground.annotated(study, num_labels=2)
    give_predictions(student, settings, folder, said_of([f"u{number}" for number in range(20)], right=15))
    return Drawn(
        page=reverse("learning-curves", args=[study.pk]),
        part=reverse("learning-part", args=[study.pk]),
        svg=reverse("learning-chart", args=[study.pk, "svg"]),
        table=reverse("learning-table", args=[study.pk]),
        num_marks=2,
        hide="annotate",
        says=f"good, {student}: Annotate, 2 labels, F1 ",
        leads_to=f'{reverse("quality", args=[student.pk])}"',
        beyond="3",
    )


def curves_of_a_run(settings: Settings, folder: Path) -> Drawn:
    run = ground.run_with_curves(factories.study())
    return Drawn(
        page=reverse("run", args=[run.pk]),
        part=reverse("run-curve-part", args=[run.pk]),
        svg=reverse("run-curve", args=[run.pk, "svg"]),
        table=reverse("run-curve", args=[run.pk, "csv"]),
        num_marks=3,
        hide="loss",
        says="rate 0.001, 3 epochs, seed 0, step 2: loss 0.7",
        leads_to="",
        beyond="3",
    )


def reliability(settings: Settings, folder: Path) -> Drawn:
    scored = ground.run(factories.study(), RunKind.SCORE, path=SpendingPath.DISTIL).artifact
    Artifact.objects.filter(pk=scored.pk).update(result={"calibration": ground.CALIBRATION})
    return Drawn(
        page=reverse("artifact", args=[scored.pk]),
        part=reverse("reliability-part", args=[scored.pk]),
        svg=reverse("reliability", args=[scored.pk, "svg"]),
        table=reverse("reliability", args=[scored.pk, "csv"]),
        num_marks=NUM_BINS,
        hide="after",
        says="After, confidence ",
        leads_to="",
        beyond="2",
    )


# Those of its bins that have decisions, before and after.
NUM_BINS = 2
CHARTS = [costs, curves_of_learning, curves_of_a_run, reliability]


@pytest.fixture(params=CHARTS)
def drawn(request: pytest.FixtureRequest, settings: Settings, tmp_path: Path) -> Drawn:
    make: Callable[[Settings, Path], Drawn] = request.param
    return make(settings, tmp_path)


def text(client: Client, url: str, **query: str) -> str:
    return client.get(url, query).content.decode()


def table(client: Client, drawn: Drawn, **query: str) -> list[dict[str, str]]:
    return list(csv.DictReader(StringIO(client.get(drawn.table, query).getvalue().decode())))


def test_the_page_has_a_picture_a_form_and_files_without_scripts(manager: Client, drawn: Drawn) -> None:
    page = text(manager, drawn.page)
    assert "<picture>" in page and f'<img src="{drawn.svg}?' in page and f'action="{drawn.page}#' in page
    assert f'hx-get="{drawn.part}' in page and 'name="hide"' in page
    for name, address in (("CSV", drawn.table), ("SVG", drawn.svg), ("PNG", drawn.svg.replace(".svg", ".png"))):
        assert f'<a href="{address}' in page and f">{name}</a>" in page
    assert manager.get(drawn.svg.replace(".svg", ".png")).content.startswith(b"\x89PNG")


def test_each_mark_speaks_is_reached_and_leads_on(manager: Client, drawn: Drawn) -> None:
    part = text(manager, drawn.part)
    # In light and in dark.
    assert part.count('class="spoken"') == part.count("<title>") == 2 * drawn.num_marks
    assert f"<title>{drawn.says}" in part
    if drawn.leads_to:
        assert f'href="http://testserver{drawn.leads_to}' in part
    else:
        assert part.count('tabindex="0"') == 2 * drawn.num_marks
    assert "style=" not in part and "<script" not in part and "<style" not in part


def test_a_hidden_series_is_neither_on_the_page_nor_in_the_files(manager: Client, drawn: Drawn) -> None:
    hidden, shown = text(manager, drawn.part, hide=drawn.hide), table(manager, drawn)
    assert drawn.says not in hidden
    assert len(table(manager, drawn, hide=drawn.hide)) < len(shown)
    page = text(manager, drawn.page, hide=drawn.hide)
    assert all(f'hide={drawn.hide}&amp;download">{name}' in page for name in ("SVG", "PNG"))


def test_a_part_without_marks_says_the_way_out_and_has_no_file(manager: Client, drawn: Drawn) -> None:
    query = {"from": drawn.beyond}
    for address in (drawn.page, drawn.part):
        page = text(manager, address, **query)
        assert 'role="status">' in page and "Show more" in page and "<picture>" not in page
    assert table(manager, drawn, **query) == []
    assert manager.get(drawn.svg, query).status_code == 404


@pytest.mark.parametrize("query", [{"hide": "everything"}, {"from": "x"}])
def test_a_view_that_cannot_be_read_is_refused_and_said_on_the_page(
    manager: Client, drawn: Drawn, query: dict[str, str]
) -> None:
    assert {manager.get(address, query).status_code for address in (drawn.svg, drawn.table)} == {400}
    page = manager.get(drawn.page, query)
    assert page.status_code == 200 and "errorlist" in page.content.decode()


def test_a_swapped_part_gives_the_page_its_address(manager: Client, drawn: Drawn) -> None:
    name = text(manager, drawn.page).partition(f'action="{drawn.page}#')[2].partition('"')[0]
    swapped = manager.get(drawn.part, {"hide": drawn.hide}, headers={"HX-Target": name})
    assert swapped["HX-Replace-Url"] == f"{drawn.page}?hide={drawn.hide}"
    assert "HX-Replace-Url" not in manager.get(drawn.part, {"hide": drawn.hide})


def test_the_cost_chart_keeps_the_pages_filters(manager: Client) -> None:
    study = factories.study()
    ground.buy_labels(study, 3)
    query = {"by": "kind", "kind": "label"}
    page = manager.get(reverse("study-costs", args=[study.pk]), query).content.decode()
    assert '<input type="hidden" name="kind" value="label">' in page
    assert f"{reverse('cost-chart', args=['svg'])}?study={study.budget_id}&amp;kind=label&amp;currency=USD" in page
    part = reverse("study-cost-part", args=[study.pk])
    swapped = manager.get(part, {**query, "hide": "label"}, headers={"HX-Target": "cost-chart"})
    assert swapped["HX-Replace-Url"] == f"{reverse('study-costs', args=[study.pk])}?by=kind&kind=label&hide=label"
    assert f"{reverse('ledger', args=[study.pk])}?kind=label&amp;first_month=2026-01" in text(manager, part, **query)


def test_each_currency_has_a_drawing_of_its_own(manager: Client) -> None:
    ground.buy_labels(factories.study(), 1)
    ground.buy_labels(factories.study(prices=factories.price_book(currency="EUR")), 1)
    page = text(manager, reverse("costs"))
    assert page.count("<picture>") == 2 and "SVG, EUR" in page and "PNG, USD" in page
    rows = csv.DictReader(StringIO(manager.get(reverse("cost-chart", args=["csv"])).getvalue().decode()))
    assert {row["currency"] for row in rows} == {"EUR", "USD"}
