import json
from xml.etree import ElementTree

import pytest

from budgets.models import Origin, Path
from reports.charts import LIGHT, NothingToDraw, utility_chart
from reports.charts.theme import DARK
from tests.unit.reports.points import bill, point

BOTH = [point(Path.ANNOTATE, dollars="10"), point(Path.DISTIL, dollars="14", utility=0.75)]


def test_the_svg_is_a_drawing_with_both_paths_and_the_baseline() -> None:
    svg = utility_chart(BOTH, study="Sport <or> not").svg()
    assert ElementTree.fromstring(svg).tag == "{http://www.w3.org/2000/svg}svg"
    for text in ("Annotate", "Distil", "100 + 500", "Most frequent answer, 50.0 %", "Sport &lt;or&gt; not"):
        assert text in svg


def test_the_png_is_a_png() -> None:
    assert utility_chart(BOTH).png().startswith(b"\x89PNG\r\n\x1a\n")


def test_the_same_points_give_the_same_drawing() -> None:
    assert utility_chart(BOTH).svg() == utility_chart(BOTH).svg()


def test_paths_differ_in_shape_as_well_as_colour() -> None:
    layers = json.dumps(utility_chart(BOTH).spec)
    for mark in ("circle", "triangle-up", LIGHT.annotate, LIGHT.distil):
        assert mark in layers


def test_a_dark_page_gets_a_dark_chart() -> None:
    svg = utility_chart(BOTH, theme=DARK).svg()
    assert DARK.paper in svg
    assert LIGHT.paper not in svg


@pytest.mark.parametrize(("dearest", "kind"), [("20", None), ("200", "log")])
def test_costs_far_apart_get_a_logarithmic_axis(dearest: str, kind: str | None) -> None:
    spec = utility_chart([point(dollars="10"), point(dollars=dearest)]).spec
    assert spec["layer"][-1]["encoding"]["x"]["scale"].get("type") == kind


def test_replayed_labels_are_said_in_the_subtitle() -> None:
    replayed = point(bill=bill("10", origin=Origin.REPLAY))
    assert "replayed" in json.dumps(utility_chart([replayed]).spec["title"])
    assert "replayed" not in json.dumps(utility_chart(BOTH).spec["title"])


def test_one_seed_is_hollow_and_the_legend_says_why() -> None:
    mixed = utility_chart([point(num_seeds=1), point(dollars="12")]).spec
    marks = [layer for layer in mixed["layer"] if layer["mark"].get("type") == "point"]
    drawn = {json.dumps(layer["transform"]): layer["mark"].get("fill") for layer in marks}
    assert drawn == {
        '[{"filter": "(!datum.is_single_seed)"}]': None,
        '[{"filter": "datum.is_single_seed"}]': LIGHT.paper,
    }
    assert "Hollow circle or triangle: one seed, its interval over examples only" in json.dumps(mixed["title"])
    assert "Hollow" not in json.dumps(utility_chart(BOTH).spec["title"])


def test_a_free_student_without_a_baseline_is_drawn_too() -> None:
    free = point(dollars="0", baseline=None, utility_per_dollar=None)
    assert utility_chart([free]).svg().startswith("<svg")


def test_no_points_give_a_clear_error() -> None:
    with pytest.raises(NothingToDraw, match="Start a run first"):
        utility_chart([])
