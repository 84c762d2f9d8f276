from collections.abc import Callable
from pathlib import Path

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from reports.charts import ChartSpec, RenderedChart, rendering, utility_chart
from reports.charts.theme import DARK
from studies.models import Study
from tests import factories
from tests.integration.reports import ground
from tests.unit.reports.points import point

pytestmark = pytest.mark.django_db


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was drawn, as its Vega-Lite specification was rendered."""
    calls: list[str] = []

    def noted(suffix: str) -> Callable[[ChartSpec], object]:
        draw = getattr(ChartSpec, suffix)

        def note_and_draw(chart: ChartSpec) -> object:
            calls.append(suffix)
            return draw(chart)

        return note_and_draw

    for suffix in ("svg", "png"):
        monkeypatch.setattr(ChartSpec, suffix, noted(suffix))
    return calls


@pytest.fixture
def measured() -> Study:
    study = factories.study()
    ground.buy_labels(study, 3)
    ground.annotated(study, num_labels=2)
    return study


@pytest.mark.parametrize("suffix", ["svg", "png"])
def test_a_reports_chart_is_drawn_once_and_sent_once(
    manager: Client, measured: Study, drawn: list[str], suffix: str
) -> None:
    url = reverse("report-chart", args=[measured.pk, suffix])
    first, second = manager.get(url), manager.get(url)
    assert first.content == second.content
    assert drawn == [suffix]
    unchanged = manager.get(url, headers={"If-None-Match": first["ETag"]})
    assert (unchanged.status_code, unchanged.content, unchanged["ETag"]) == (304, b"", first["ETag"])


def test_a_compressed_chart_is_known_again_too(manager: Client, measured: Study) -> None:
    url = reverse("report-chart", args=[measured.pk, "svg"])
    first = manager.get(url, headers={"Accept-Encoding": "gzip"})
    assert first["Content-Encoding"] == "gzip" and first["ETag"].startswith('W/"')
    assert manager.get(url, headers={"If-None-Match": first["ETag"]}).status_code == 304


def test_another_look_and_another_student_are_drawn_anew(manager: Client, measured: Study, drawn: list[str]) -> None:
    url = reverse("report-chart", args=[measured.pk, "svg"])
    etags = [manager.get(url)["ETag"], manager.get(f"{url}?theme=dark")["ETag"]]
    ground.annotated(measured, num_labels=3)
    etags.append(manager.get(url)["ETag"])
    assert len(set(etags)) == len(drawn) == 3


def test_a_chart_is_saved_under_its_studys_name(manager: Client, measured: Study) -> None:
    answer = manager.get(reverse("report-chart", args=[measured.pk, "png"]) + "?download")
    assert answer["Content-Disposition"].startswith('attachment; filename="study-')
    assert answer.content.startswith(b"\x89PNG")


def test_the_cost_chart_is_drawn_once(manager: Client, measured: Study, drawn: list[str]) -> None:
    assert (
        manager.get(reverse("cost-chart", args=["svg"])).content
        == manager.get(reverse("cost-chart", args=["svg"])).content
    )
    assert drawn == ["svg"]


def test_a_chart_is_shown_though_it_cannot_be_kept(settings: Settings, tmp_path: Path) -> None:
    settings.CHARTS_DIR = tmp_path / "a file" / "charts"
    (tmp_path / "a file").write_text("in the way")
    chart = utility_chart([point()])
    assert RenderedChart(chart=chart, suffix="svg").content() == chart.svg().encode()


def test_the_oldest_drawings_make_room(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.CHARTS_DIR = tmp_path / "charts"
    monkeypatch.setattr(rendering, "MOST_KEPT", 2)
    for utility in (0.5, 0.6, 0.7):
        chart = utility_chart([point(utility=utility)], theme=DARK)
        assert RenderedChart(chart=chart, suffix="svg").content() == chart.svg().encode()
    assert len(list(settings.CHARTS_DIR.iterdir())) == 2
    assert settings.CHARTS_DIR.stat().st_mode & 0o077 == 0
