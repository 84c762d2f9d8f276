import json

import pytest

from budgets.models import Path
from reports.charts import WHOLE, ChartView, NothingToDraw, Series, frame_of, measured_in, utility_chart
from tests.unit.reports.planned import planned
from tests.unit.reports.points import point

CHEAP, MIDDLE, DEAR = (point(dollars=dollars, artifact_id=number) for number, dollars in enumerate(("2", "10", "50")))
TAUGHT = point(Path.DISTIL, dollars="14", utility=0.75)
EVERY = [CHEAP, MIDDLE, DEAR, TAUGHT]


def drawn(view: ChartView) -> str:
    return json.dumps(utility_chart(EVERY, planned=[planned()], view=view).spec)


def hiding(*series: Series) -> ChartView:
    return ChartView(hidden=frozenset(series))


def test_the_whole_chart_has_no_query_and_a_part_says_itself() -> None:
    assert WHOLE.query == ""
    view = ChartView(hidden=frozenset({Series.DISTIL, Series.PLANNED}), low=2.5, high=1000)
    assert view.query == "hide=distil&hide=planned&from=2.5&to=1000"


@pytest.mark.parametrize(
    ("series", "said"),
    [
        (Series.ANNOTATE, "Student 0: Annotate, "),
        (Series.DISTIL, "Student 1: Distil, "),
        (Series.PLANNED, "Planned, annotate"),
        (Series.INTERVALS, '"y2"'),
        (Series.BASELINES, "Most frequent answer"),
    ],
)
def test_what_is_hidden_is_not_drawn(series: Series, said: str) -> None:
    assert said in drawn(WHOLE)
    assert said not in drawn(hiding(series))


def test_the_legend_names_only_what_is_shown() -> None:
    assert '"domain": ["Annotate"]' in drawn(hiding(Series.DISTIL))


def test_only_students_within_the_dollars_are_shown_and_the_axis_is_that_range() -> None:
    view = ChartView(low=5, high=20)
    assert measured_in(EVERY, view) == [MIDDLE, TAUGHT]
    spec = utility_chart(EVERY, view=view).spec
    rows = [row for rows in spec["datasets"].values() for row in rows if "dollars" in row]
    assert {row["dollars"] for row in rows} == {10, 14}
    frame = frame_of([MIDDLE, TAUGHT], [], view)
    assert (frame.low, frame.high, frame.is_log) == (5, 20, False)


def test_a_zoom_halves_and_doubles_the_axis_around_its_middle() -> None:
    straight = frame_of([MIDDLE], [], ChartView(low=10, high=30))
    assert straight.zoomed(WHOLE, share=0.5) == ChartView(low=15, high=25)
    assert straight.zoomed(WHOLE, share=4) == ChartView(low=0, high=60)
    assert straight.zoomed(WHOLE, shift=0.5) == ChartView(low=20, high=40)
    logarithmic = frame_of([MIDDLE], [], ChartView(low=1, high=10_000)).zoomed(WHOLE, share=0.5)
    assert (logarithmic.low, logarithmic.high) == (pytest.approx(10), pytest.approx(1000))


def test_a_zoom_keeps_what_is_hidden() -> None:
    view = ChartView(hidden=frozenset({Series.BASELINES}), low=10, high=30)
    assert frame_of([MIDDLE], [], view).zoomed(view, share=0.5).hidden == {Series.BASELINES}


@pytest.mark.parametrize("view", [ChartView(low=100), hiding(Series.ANNOTATE, Series.DISTIL, Series.PLANNED)])
def test_a_view_without_students_says_the_way_out(view: ChartView) -> None:
    with pytest.raises(NothingToDraw, match="Show more series, or a wider range of dollars"):
        utility_chart(EVERY, planned=[planned()], view=view)
