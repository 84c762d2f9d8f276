"""The chart of utility against dollars: one specification for the page, the PNG and the SVG, rendered offline."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import altair as alt

from budgets.models import Path
from reports.advice import PlannedPoint
from reports.charts.planned import SUBTITLE, describe_planned, planned_marks
from reports.charts.theme import LIGHT, WIDTH, ChartSpec, NothingToDraw, Theme, legend_of, look_of
from reports.formatting import money, percent
from reports.points import Point
from studies.task_types import Metric

_HEIGHT = 380
# Costs that span more than this ratio get a logarithmic axis: the cheap points would lie on each other.
_LOG_FROM_RATIO = 8


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
) -> ChartSpec:
    """Draw each student's utility, with its interval, against its dollars, and planned ones with their bands.

    Raises NothingToDraw without points.
    """
    if not points:
        raise NothingToDraw("No student of this study is trained and evaluated yet. Start a run first.")
    leads_to = links or Links()
    colour = alt.Color("path:N", **_by_path(annotate=theme.annotate, distil=theme.distil))
    x, y = _dollars_axis(points, planned), _utility_axis(points, planned)
    data = alt.InlineData(values=[_datum(point, leads_to) for point in points])
    base = alt.Chart(data).encode(x=x, color=colour)
    layers = [*_baselines(points, theme), *_marks(base, y, theme, has_links=bool(leads_to.students)), *_names(base)]
    if planned:
        marks = planned_marks(planned, x=x, y=y, theme=theme, url=leads_to.planned)
        chart = alt.layer(alt.layer(*layers), alt.layer(*marks), config=look_of(theme))
        chart = chart.resolve_scale(color="independent", shape="independent", stroke="independent")
    else:
        chart = alt.layer(*layers, config=look_of(theme))
    chart = chart.properties(
        width=WIDTH, height=_HEIGHT, title=_title(points, planned, study), description=_description(points, planned)
    )
    return ChartSpec(spec=chart.to_dict())


def _datum(point: Point, links: Links) -> dict[str, object]:
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
        "name": f"{point.num_labels:,}" + (f" + {point.num_pseudo_labels:,}" if point.num_pseudo_labels else ""),
    }


def _dollars_axis(points: Sequence[Point], planned: Sequence[PlannedPoint]) -> alt.X:
    costs = [float(point.dollars) for point in points] + [float(one.dollars) for one in planned]
    is_log = min(costs) > 0 and max(costs) / min(costs) >= _LOG_FROM_RATIO
    scale = (
        alt.Scale(type="log", domain=[min(costs) / 1.5, max(costs) * 1.3], nice=False)
        if is_log
        else alt.Scale(domain=[0, max(costs) * 1.15 or 1], nice=False)
    )
    title = f"Cost of the student, {points[0].currency}" + (" (logarithmic)" if is_log else "")
    return alt.X("dollars:Q", scale=scale, title=title, axis=alt.Axis(format="~f", tickCount=6))


def _utility_axis(points: Sequence[Point], planned: Sequence[PlannedPoint]) -> alt.Y:
    bounds = [bound for point in points for bound in (point.low, point.high)]
    bounds += [value for point in points for _, value in _known_baselines(point)]
    bounds += [bound for one in planned for bound in one.band_90]
    pad = max((max(bounds) - min(bounds)) * 0.08, 0.01)
    domain = [max(min(bounds) - pad, 0), min(max(bounds) + pad, 1)]
    title = f"{points[0].metric_title or Metric(points[0].metric).label} on the test split"
    axis = alt.Axis(format="~%", tickCount=6)
    return alt.Y("utility:Q", scale=alt.Scale(domain=domain, zero=False, nice=False), title=title, axis=axis)


def _by_path(*, annotate: str, distil: str) -> dict[str, Any]:
    scale = alt.Scale(domain=[Path.ANNOTATE.label, Path.DISTIL.label], range=[annotate, distil])
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
        for title, value in _known_baselines(point):
            highest[title] = max(value, highest.get(title, value))
    levels: dict[str, list[tuple[str, float]]] = {}
    for title, value in highest.items():
        levels.setdefault(percent(value), []).append((title, value))
    named = [(found[0][1], f"{_joined(title for title, _ in found)}, {at}") for at, found in levels.items()]
    return sorted(named, key=lambda level: -level[0])


def _known_baselines(point: Point) -> list[tuple[str, float]]:
    if point.baselines:
        return [(one.title, one.value) for one in point.baselines]
    return [] if point.baseline is None else [("Majority class", point.baseline)]


def _joined(titles: Iterable[str]) -> str:
    first, *rest = titles
    return ", ".join([first, *(title.lower() for title in rest)])


def _marks(base: alt.Chart, utility: alt.Y, theme: Theme, *, has_links: bool) -> list[alt.Chart]:
    line = base.mark_line(strokeWidth=1.5, opacity=0.5).encode(y=utility, order="dollars:Q")
    bar = base.mark_rule(strokeWidth=1.5, opacity=0.75).encode(y="low:Q", y2="high:Q")
    cap = base.mark_tick(orient="horizontal", size=8, thickness=1.5, opacity=0.75)
    caps = [cap.encode(y="low:Q"), cap.encode(y="high:Q")]
    shape = alt.Shape("path:N", **_by_path(annotate="circle", distil="triangle-up"))
    several = base.transform_filter(~alt.datum.is_single_seed).mark_point(filled=True, size=95, opacity=1)
    single = base.transform_filter(alt.datum.is_single_seed).mark_point(
        fill=theme.paper, size=80, strokeWidth=2, opacity=1
    )
    named = [mark.encode(y=utility, shape=shape, description="words:N") for mark in (several, single)]
    return [line, bar, *caps, *(mark.encode(href="url:N") if has_links else mark for mark in named)]


def _names(base: alt.Chart) -> list[alt.Chart]:
    """Where rising lines leave room: above and before the distilled students, below and after the annotated."""
    annotate = base.transform_filter(alt.datum.path == Path.ANNOTATE.label)
    distil = base.transform_filter(alt.datum.path == Path.DISTIL.label)
    texts = [
        annotate.mark_text(align="left", dx=8, dy=14, fontSize=11),
        distil.mark_text(align="right", dx=-8, dy=-12, fontSize=11),
    ]
    return [text.encode(y="utility:Q", text="name:N") for text in texts]


def _title(points: Sequence[Point], planned: Sequence[PlannedPoint], study: str) -> alt.TitleParams:
    subtitle = ["Beside each student: labels + pseudo-labels. Bars: 95 % intervals over examples and seeds."]
    if any(point.is_single_seed for point in points):
        subtitle.append(
            "Hollow circle or triangle: one seed, its interval over examples only; other seeds may lie outside."
        )
    if planned:
        subtitle.append(SUBTITLE)
    if any(point.is_replay for point in points):
        subtitle.append("Labels are replayed from known answers, not bought from people.")
    return alt.TitleParams(text=f"Utility per dollar: {study}" if study else "Utility per dollar", subtitle=subtitle)


def _description(points: Sequence[Point], planned: Sequence[PlannedPoint]) -> str:
    """What a screen reader says instead of the picture."""
    return "; ".join([*map(_words, points), *describe_planned(planned)])


def _words(point: Point) -> str:
    said = f"{point.path.label}, {money(point.dollars, currency=point.currency)}: {percent(point.utility)}"
    said += ", taught by a language model" if point.is_from_language_model else ""
    return said + (", one seed" if point.is_single_seed else "") + (f", {point.warning}" if point.warning else "")
