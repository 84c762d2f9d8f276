import json
from typing import Any
from xml.etree import ElementTree

import pytest

from budgets.models import Path
from reports.charts import LIGHT, Links, utility_chart
from reports.charts.theme import DARK, Theme
from tests.unit.reports.planned import planned
from tests.unit.reports.points import point

BOTH = [point(Path.ANNOTATE, dollars="10"), point(Path.DISTIL, dollars="14", utility=0.75)]
PLANNED = [planned(), planned(pseudo_labels=2000, dollars="30", score=96, is_recommended=True)]
_SVG = "{http://www.w3.org/2000/svg}"
_HREF = "{http://www.w3.org/1999/xlink}href"


def layers(spec: dict[str, Any]) -> list[dict[str, Any]]:
    inner = spec.get("layer", [])
    return [*inner, *(below for layer in inner for below in layers(layer))]


def encodings(spec: dict[str, Any], channel: str) -> list[dict[str, Any]]:
    return [layer["encoding"] for layer in layers(spec) if channel in layer.get("encoding", {})]


@pytest.mark.parametrize("theme", [LIGHT, DARK])
def test_the_legend_the_caption_and_the_marks_say_what_is_planned(theme: Theme) -> None:
    svg = utility_chart(BOTH, planned=PLANNED, theme=theme).svg()
    for text in ("Annotate, planned", "Distil, planned", "80 % (thick) and 90 % (thin)", "Recommended: 200 + 2,000"):
        assert text in svg


def test_only_paths_with_a_plan_are_in_the_legend() -> None:
    svg = utility_chart(BOTH, planned=[planned()]).svg()
    assert "Annotate, planned" in svg and "Distil, planned" not in svg


def test_planned_and_measured_differ_in_shape_as_well_as_in_filling() -> None:
    spec = json.dumps(utility_chart(BOTH, planned=PLANNED).spec)
    for shape in ("circle", "triangle-up", "diamond", "triangle-down"):
        assert f'"{shape}"' in spec


def test_bands_end_where_no_score_can_be() -> None:
    spec = utility_chart(BOTH, planned=PLANNED).spec
    drawn = [row for rows in spec["datasets"].values() for row in rows]
    (distil,) = [row for row in drawn if row.get("series") == "Distil, planned"]
    assert (distil["low_90"], distil["high_90"]) == (pytest.approx(0.90), 1)
    assert (distil["low_80"], distil["high_80"]) == (pytest.approx(0.92), 1)


def test_a_screen_reader_says_what_is_planned() -> None:
    said = utility_chart(BOTH, planned=PLANNED).spec["description"]
    assert (
        "Planned, annotate, a student of 200 labels, $20.00 in all: 80.0 % expected, 74.0 % to 86.0 % with 90 %" in said
    )
    assert said.endswith(", recommended")


def test_both_axes_reach_the_plans() -> None:
    marks = encodings(utility_chart(BOTH, planned=[planned(dollars="30")]).spec, "shape")
    assert all(mark["x"]["scale"]["domain"][1] > 30 and mark["y"]["scale"]["domain"][1] > 0.86 for mark in marks)
    assert len(marks) == 3


def test_marks_lead_to_students_and_to_the_offers_where_links_are_asked_for() -> None:
    links = Links(students={1: "https://here.example/artifacts/1/?a=1&b=2"}, planned="https://here.example/#next")
    linked = ElementTree.fromstring(utility_chart(BOTH, planned=PLANNED, links=links).svg())
    found = {one.get(_HREF) for one in linked.iter(f"{_SVG}a")}
    assert found == {"https://here.example/#next", "https://here.example/artifacts/1/?a=1&b=2"}
    plain = ElementTree.fromstring(utility_chart(BOTH, planned=PLANNED).svg())
    assert list(plain.iter(f"{_SVG}a")) == []


def test_without_plans_nothing_is_said_of_them() -> None:
    assert "lanned" not in json.dumps(utility_chart(BOTH).spec)
