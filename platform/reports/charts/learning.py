"""The F1 of each class by labels, a small panel for each class."""

from collections.abc import Iterator, Mapping

import altair as alt
from django.db import models

from budgets.models import Path
from reports.charts.axis import Axis, axis_of
from reports.charts.theme import LIGHT, ChartSpec, NothingToDraw, Theme, legend_of, look_of
from reports.charts.view import WHOLE, ChartView
from reports.formatting import percent
from reports.points import Point
from reports.quality import LearningCurves
from tables.table import counted

_COLUMNS = 3
_WIDTH, _HEIGHT = 180, 120
_LONGEST_LABEL = 150


class LearningSeries(models.TextChoices):
    """What of the learning curves can be hidden."""

    ANNOTATE = "annotate", "Annotate"
    DISTIL = "distil", "Distil"
    INTERVALS = "intervals", "Intervals"


def learning_axis(curves: LearningCurves, view: ChartView) -> Axis:
    """The labels that are shown. Raises NothingToDraw where no student is."""
    if not curves.students:
        raise NothingToDraw("No student of this study has answers that can be read. Start a run first.")
    counts = [float(one.point.num_labels) for one in curves.students if is_on_curve(one.point, view)]
    if not counts:
        raise NothingToDraw("No student is in this part of the chart. Show more series, or a wider range of labels.")
    return axis_of(counts, view)


def is_on_curve(point: Point, view: ChartView) -> bool:
    """Whether a view shows a student."""
    return view.shows(point.path) and view.has(point.num_labels)


def learning_chart(
    curves: LearningCurves,
    *,
    theme: Theme = LIGHT,
    view: ChartView = WHOLE,
    links: Mapping[int, str] | None = None,
) -> ChartSpec:
    """Draw the F1 of each shown class by labels.

    Parameters: `links` are the absolute addresses that marks lead to, by student.
    Raises NothingToDraw without students, and where the view has none.
    """
    axis = learning_axis(curves, view)
    base = alt.Chart(alt.InlineData(values=list(_rows(curves, view, links or {})))).encode(
        x=_labels_axis(axis), color=_colour(theme, view)
    )
    share = alt.Y("f1:Q", scale=alt.Scale(domain=[0, 1]), title="F1", axis=alt.Axis(format="~%", tickCount=3))
    is_annotated = alt.datum.path == Path.ANNOTATE.label
    line = base.transform_filter(is_annotated).mark_line(strokeWidth=1.5, opacity=0.6).encode(y=share)
    bar = base.mark_rule(strokeWidth=1.5, opacity=0.7).encode(y="low:Q", y2="high:Q")
    dot = base.mark_point(filled=True, size=45, opacity=1, aria=True)
    dot = dot.encode(y=share, shape=_shape(view), description="words:N", **({"href": "url:N"} if links else {}))
    has_intervals = view.shows(LearningSeries.INTERVALS)
    panel = alt.layer(line, *([bar] if has_intervals else []), dot).properties(width=_WIDTH, height=_HEIGHT)
    header = alt.Header(title=None, labelColor=theme.ink, labelFontSize=11, labelLimit=_LONGEST_LABEL)
    bars = ["Bars: 95 % intervals over examples."] if has_intervals else []
    chart = panel.facet(
        facet=alt.Facet("label:N", sort=list(curves.labels), header=header),
        columns=_COLUMNS,
        title=alt.TitleParams(text="F1 of each class by labels", subtitle=bars),
    ).properties(config=look_of(theme))
    return ChartSpec(spec={**chart.to_dict(), "description": _description(curves, view)})


def _rows(curves: LearningCurves, view: ChartView, links: Mapping[int, str]) -> Iterator[dict[str, object]]:
    for student in curves.students:
        point = student.point
        if not is_on_curve(point, view):
            continue
        for taught in curves.classes_of(student):
            f1 = taught.score.f1
            if f1 is not None:
                bounds = f"{percent(f1.low)} to {percent(f1.high)}"
                yield {
                    "label": taught.label,
                    "path": point.path.label,
                    "labels": point.num_labels,
                    "words": f"{taught.label}, Student {point.artifact_id}: {point.path.label}, "
                    f"{counted(point.num_labels, 'label')}, F1 {percent(f1.value)} ({bounds})",
                    "url": links.get(point.artifact_id),
                    **{"f1": f1.value, "low": f1.low, "high": f1.high},
                }


def _labels_axis(axis: Axis) -> alt.X:
    scale = alt.Scale(type="log" if axis.is_log else "linear", domain=[axis.low, axis.high], nice=False, zero=False)
    title = "Labels (logarithmic)" if axis.is_log else "Labels"
    return alt.X("labels:Q", scale=scale, title=title, axis=alt.Axis(format="~s", tickCount=3))


def _colour(theme: Theme, view: ChartView) -> alt.Color:
    return alt.Color("path:N", scale=_by_path(view, theme.annotate, theme.distil), title=None, legend=legend_of())


def _shape(view: ChartView) -> alt.Shape:
    return alt.Shape("path:N", scale=_by_path(view, "circle", "triangle-up"), title=None)


def _by_path(view: ChartView, annotate: str, distil: str) -> alt.Scale:
    """Of each path that is shown its look, so that the legend has no other."""
    looks = {path.label: look for path, look in ((Path.ANNOTATE, annotate), (Path.DISTIL, distil)) if view.shows(path)}
    return alt.Scale(domain=list(looks), range=list(looks.values()))


def _description(curves: LearningCurves, view: ChartView) -> str:
    """What a screen reader says instead of the picture: the shown students of the most labels."""
    shown = (student for student in curves.students if is_on_curve(student.point, view))
    last = max(shown, key=lambda student: student.point.num_labels)
    known = ((taught.label, taught.score.f1) for taught in curves.classes_of(last))
    scores = ", ".join(f"{label} {percent(f1.value)}" for label, f1 in known if f1 is not None)
    return f"F1 with {last.point.num_labels:,} labels: {scores}"
