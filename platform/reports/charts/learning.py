"""The F1 of each class by labels, a small panel for each class."""

from collections.abc import Iterator

import altair as alt

from budgets.models import Path
from reports.charts.theme import LIGHT, ChartSpec, NothingToDraw, Theme, legend_of, look_of
from reports.formatting import percent
from reports.quality import LearningCurves

_COLUMNS = 3
_WIDTH, _HEIGHT = 180, 120
_LONGEST_LABEL = 150
# Labels that span more than this ratio get a logarithmic axis.
_LOG_FROM_RATIO = 8


def learning_chart(curves: LearningCurves, *, theme: Theme = LIGHT) -> ChartSpec:
    """Draw the F1 of each shown class by labels. Raises NothingToDraw without students."""
    rows = list(_rows(curves))
    if not rows:
        raise NothingToDraw("No student of this study has answers that can be read. Start a run first.")
    base = alt.Chart(alt.InlineData(values=rows)).encode(x=_labels_axis(rows), color=_colour(theme))
    share = alt.Y("f1:Q", scale=alt.Scale(domain=[0, 1]), title="F1", axis=alt.Axis(format="~%", tickCount=3))
    is_annotated = alt.datum.path == Path.ANNOTATE.label
    line = base.transform_filter(is_annotated).mark_line(strokeWidth=1.5, opacity=0.6).encode(y=share)
    bar = base.mark_rule(strokeWidth=1.5, opacity=0.7).encode(y="low:Q", y2="high:Q")
    dot = base.mark_point(filled=True, size=45, opacity=1).encode(y=share, shape=_shape())
    panel = alt.layer(line, bar, dot).properties(width=_WIDTH, height=_HEIGHT)
    header = alt.Header(title=None, labelColor=theme.ink, labelFontSize=11, labelLimit=_LONGEST_LABEL)
    chart = panel.facet(
        facet=alt.Facet("label:N", sort=list(curves.labels), header=header),
        columns=_COLUMNS,
        title=alt.TitleParams(text="F1 of each class by labels", subtitle=["Bars: 95 % intervals over examples."]),
    ).properties(config=look_of(theme))
    return ChartSpec(spec={**chart.to_dict(), "description": _description(curves)})


def _rows(curves: LearningCurves) -> Iterator[dict[str, object]]:
    for student in curves.students:
        for taught in curves.classes_of(student):
            f1 = taught.score.f1
            if f1 is not None:
                path, num_labels = student.point.path.label, student.point.num_labels
                score = {"f1": f1.value, "low": f1.low, "high": f1.high}
                yield {"label": taught.label, "path": path, "labels": num_labels, **score}


def _labels_axis(rows: list[dict[str, object]]) -> alt.X:
    counts = [int(str(row["labels"])) for row in rows]
    is_log = min(counts) > 0 and max(counts) / min(counts) >= _LOG_FROM_RATIO
    scale = alt.Scale(type="log" if is_log else "linear", nice=False, zero=False, padding=8)
    title = "Labels (logarithmic)" if is_log else "Labels"
    return alt.X("labels:Q", scale=scale, title=title, axis=alt.Axis(format="~s", tickCount=3))


def _colour(theme: Theme) -> alt.Color:
    return alt.Color("path:N", scale=_by_path(theme.annotate, theme.distil), title=None, legend=legend_of())


def _shape() -> alt.Shape:
    return alt.Shape("path:N", scale=_by_path("circle", "triangle-up"), title=None)


def _by_path(annotate: str, distil: str) -> alt.Scale:
    return alt.Scale(domain=[Path.ANNOTATE.label, Path.DISTIL.label], range=[annotate, distil])


def _description(curves: LearningCurves) -> str:
    """What a screen reader says instead of the picture: the students of the most labels."""
    last = max(curves.students, key=lambda student: student.point.num_labels)
    known = ((taught.label, taught.score.f1) for taught in curves.classes_of(last))
    scores = ", ".join(f"{label} {percent(f1.value)}" for label, f1 in known if f1 is not None)
    return f"F1 with {last.point.num_labels:,} labels: {scores}"
