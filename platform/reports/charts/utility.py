"""The chart of utility against dollars: one specification for the page, the PNG and the SVG, rendered offline."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import altair as alt

from budgets.models import Path
from reports.advice import PlannedPoint
from reports.charts.frame import HEIGHT, Frame, Series, frame_of, known_baselines, measured_in, planned_in
from reports.charts.names import NamePlace, readable
from reports.charts.planned import describe_planned, name_place, planned_marks, subtitle
from reports.charts.theme import LIGHT, WIDTH, ChartSpec, NothingToDraw, Theme, legend_of, look_of
from reports.charts.view import WHOLE, ChartView
from reports.formatting import money, percent
from reports.points import Point
from studies.task_types import Metric
from tables.table import counted

# Of measured students, from the mark to the middle of the name: rising lines leave room there.
_NAMES: dict[Path, tuple[Literal["left", "right"], int, int]] = {
    Path.ANNOTATE: ("left", 8, 14),
    Path.DISTIL: ("right", -8, -12),
}


@dataclass(frozen=True, kw_only=True)
class Links:
    """Where the marks lead: absolute addresses, of students by their artifact, and of the offers."""

    students: Mapping[int, str] = field(default_factory=dict)
    planned: str = ""


def utility_chart(
    points: Sequence[Point],
    *,
    planned: Sequence[PlannedPoint] = (),
    links: Links | None = None,
    theme: Theme = LIGHT,
    study: str = "",
    view: ChartView = WHOLE,
) -> ChartSpec:
    """Draw each student's utility, with its interval, against its dollars, and planned ones with their bands.

    Raises NothingToDraw without points, and where the view has none.
    """
    shown, plans = shown_of(points, planned, view)
    frame, leads_to = frame_of(shown, plans, view), links or Links()
    is_named = readable([*(_name_place(one, frame) for one in shown), *(name_place(one, frame, view) for one in plans)])
    colour = alt.Color("path:N", **_by_path(view, annotate=theme.annotate, distil=theme.distil))
    x, y = _dollars_axis(frame, points), _utility_axis(frame, points)
    data = [_datum(one, leads_to, is_named=named) for one, named in zip(shown, is_named[: len(shown)], strict=True)]
    base = alt.Chart(alt.InlineData(values=data)).encode(x=x, color=colour)
    layers = [
        *(_baselines(shown, theme) if view.shows(Series.BASELINES) else []),
        *_lines(base, y, view),
        *_marks(base, y, theme, view, has_links=bool(leads_to.students)),
        *_names(base),
    ]
    if plans:
        named = list(zip(plans, is_named[len(shown) :], strict=True))
        marks = planned_marks(named, x=x, y=y, theme=theme, url=leads_to.planned, view=view)
        chart = alt.layer(alt.layer(*layers), alt.layer(*marks), config=look_of(theme))
        chart = chart.resolve_scale(color="independent", shape="independent", stroke="independent")
    else:
        chart = alt.layer(*layers, config=look_of(theme))
    chart = chart.properties(
        width=WIDTH, height=HEIGHT, title=_title(shown, plans, study, view), description=_description(shown, plans)
    )
    return ChartSpec(spec=chart.to_dict())


def shown_of(
    points: Sequence[Point], planned: Sequence[PlannedPoint], view: ChartView
) -> tuple[list[Point], list[PlannedPoint]]:
    """What of these a view shows. Raises NothingToDraw where that is nothing."""
    if not points:
        raise NothingToDraw("No student of this study is trained and evaluated yet. Start a run first.")
    shown, plans = measured_in(points, view), planned_in(planned, view)
    if not shown and not plans:
        raise NothingToDraw("No student is in this part of the chart. Show more series, or a wider range of dollars.")
    return shown, plans


def _datum(point: Point, links: Links, *, is_named: bool) -> dict[str, object]:
    return {
        "words": f"Student {point.artifact_id}: {_words(point)}",
        "url": links.students.get(point.artifact_id),
        "path": point.path.label,
        "dollars": float(point.dollars),
        "utility": point.utility,
        "low": point.low,
        "high": point.high,
        "seeds": point.num_seeds,
        "is_single_seed": point.is_single_seed,
        "name": _name(point) if is_named else "",
    }


def _name(point: Point) -> str:
    pseudo = f" + {point.num_pseudo_labels:,}" if point.num_pseudo_labels else ""
    return f"{point.num_labels:,}{pseudo}" + (f", {counted(len(point.layers), 'layer')}" if point.layers else "")


def _name_place(point: Point, frame: Frame) -> NamePlace:
    """Those on the frontier go before others, the better before the worse."""
    align, dx, dy = _NAMES[point.path]
    mark = frame.x(float(point.dollars)), frame.y(point.utility)
    rank = (0.0 if point.on_frontier else 1.0, -point.utility)
    return NamePlace(text=_name(point), align=align, x=mark[0] + dx, y=mark[1] + dy, mark=mark, rank=rank)


def _dollars_axis(frame: Frame, points: Sequence[Point]) -> alt.X:
    domain = [frame.low, frame.high]
    scale = alt.Scale(type="log", domain=domain, nice=False) if frame.is_log else alt.Scale(domain=domain, nice=False)
    title = f"Cost of the student, {points[0].currency}" + (" (logarithmic)" if frame.is_log else "")
    return alt.X("dollars:Q", scale=scale, title=title, axis=alt.Axis(format="~f", tickCount=6))


def _utility_axis(frame: Frame, points: Sequence[Point]) -> alt.Y:
    title = f"{points[0].metric_title or Metric(points[0].metric).label} on the test split"
    axis, scale = (
        alt.Axis(format="~%", tickCount=6),
        alt.Scale(domain=[frame.bottom, frame.top], zero=False, nice=False),
    )
    return alt.Y("utility:Q", scale=scale, title=title, axis=axis)


def _by_path(view: ChartView, *, annotate: str, distil: str) -> dict[str, Any]:
    """Of each path that is shown its look, so that the legend has no other."""
    looks = {Path.ANNOTATE: annotate, Path.DISTIL: distil}
    shown = {path.label: look for path, look in looks.items() if view.shows(path)}
    scale = alt.Scale(domain=list(shown), range=list(shown.values()))
    return {"scale": scale, "title": None, "legend": legend_of(symbolSize=110)}


def _baselines(points: Sequence[Point], theme: Theme) -> list[alt.Chart]:
    """What costs nothing: a student under such a line is worth nothing."""
    layers = []
    levels = _levels(points)
    for number, (utility, title) in enumerate(levels):
        base = alt.Chart(alt.InlineData(values=[{"utility": utility, "name": title}])).encode(y="utility:Q")
        rule = base.mark_rule(color=theme.muted, strokeDash=[5, 4])
        # Lines that lie close together have their names at different ends, the lowest of several beneath it.
        is_right, is_beneath = number % 2 == 0, number > 0 and number == len(levels) - 1
        name = base.mark_text(
            color=theme.muted,
            align="right" if is_right else "left",
            baseline="top" if is_beneath else "bottom",
            dx=-4 if is_right else 4,
            dy=5 if is_beneath else -4,
        )
        layers += [rule, name.encode(x=alt.value(WIDTH if is_right else 0), text="name:N")]
    return layers


def _levels(points: Sequence[Point]) -> list[tuple[float, str]]:
    """Each baseline's height, highest first; where it differs between students their highest; equal ones as one."""
    highest: dict[str, float] = {}
    for point in points:
        for title, value in known_baselines(point):
            highest[title] = max(value, highest.get(title, value))
    levels: dict[str, list[tuple[str, float]]] = {}
    for title, value in highest.items():
        levels.setdefault(percent(value), []).append((title, value))
    named = [(found[0][1], f"{_joined(title for title, _ in found)}, {at}") for at, found in levels.items()]
    return sorted(named, key=lambda level: -level[0])


def _joined(titles: Iterable[str]) -> str:
    first, *rest = titles
    return ", ".join([first, *(title.lower() for title in rest)])


def _lines(base: alt.Chart, utility: alt.Y, view: ChartView) -> list[alt.Chart]:
    """The line of each path, and the interval of each student where these are shown."""
    line = base.mark_line(strokeWidth=1.5, opacity=0.5).encode(y=utility, order="dollars:Q")
    if not view.shows(Series.INTERVALS):
        return [line]
    bar = base.mark_rule(strokeWidth=1.5, opacity=0.75).encode(y="low:Q", y2="high:Q")
    cap = base.mark_tick(orient="horizontal", size=8, thickness=1.5, opacity=0.75)
    return [line, bar, cap.encode(y="low:Q"), cap.encode(y="high:Q")]


def _marks(base: alt.Chart, utility: alt.Y, theme: Theme, view: ChartView, *, has_links: bool) -> list[alt.Chart]:
    shape = alt.Shape("path:N", **_by_path(view, annotate="circle", distil="triangle-up"))
    several = base.transform_filter(~alt.datum.is_single_seed).mark_point(filled=True, size=95, opacity=1, aria=True)
    single = base.transform_filter(alt.datum.is_single_seed).mark_point(
        fill=theme.paper, size=80, strokeWidth=2, opacity=1, aria=True
    )
    named = [mark.encode(y=utility, shape=shape, description="words:N") for mark in (several, single)]
    return [mark.encode(href="url:N") if has_links else mark for mark in named]


def _names(base: alt.Chart) -> list[alt.Chart]:
    """Where rising lines leave room: above and before the distilled students, below and after the annotated."""
    texts = [
        base.transform_filter(alt.datum.path == path.label).mark_text(align=align, dx=dx, dy=dy, fontSize=11)
        for path, (align, dx, dy) in _NAMES.items()
    ]
    return [text.encode(y="utility:Q", text="name:N") for text in texts]


def _title(points: Sequence[Point], planned: Sequence[PlannedPoint], study: str, view: ChartView) -> alt.TitleParams:
    has_intervals = view.shows(Series.INTERVALS)
    bars = " Bars: 95 % intervals over examples and seeds." if has_intervals else ""
    said = [f"Beside each student, where there is room: labels + pseudo-labels.{bars}"]
    if any(point.is_single_seed for point in points):
        only = ", its interval over examples only; other seeds may lie outside" if has_intervals else ""
        said.append(f"Hollow circle or triangle: one seed{only}.")
    if planned:
        said.append(subtitle(view))
    if any(point.is_replay for point in points):
        said.append("Labels are replayed from known answers, not bought from people.")
    return alt.TitleParams(text=f"Utility per dollar: {study}" if study else "Utility per dollar", subtitle=said)


def _description(points: Sequence[Point], planned: Sequence[PlannedPoint]) -> str:
    """What a screen reader says instead of the picture."""
    return "; ".join([*map(_words, points), *describe_planned(planned)])


def _words(point: Point) -> str:
    cost, labels = money(point.dollars, currency=point.currency), counted(point.num_labels, "label")
    pseudo = f" + {counted(point.num_pseudo_labels, 'pseudo-label')}" if point.num_pseudo_labels else ""
    score = f"{percent(point.utility)} ({percent(point.low)} to {percent(point.high)})"
    labels += f", {point.num_by_model:,} by a language model" if point.num_by_model else ""
    labels += f" and {point.num_verified:,} verified" if point.num_verified else ""
    kept = f", {counted(len(point.layers), 'layer')}" if point.layers else ""
    said = f"{point.path.label}, {labels}{pseudo}{kept}, {cost}: {score}"
    said += ", taught by a language model" if point.is_from_language_model else ""
    return said + (", one seed" if point.is_single_seed else "") + (f", {point.warning}" if point.warning else "")
