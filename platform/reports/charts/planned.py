"""Planned students in the chart of utility: hollow marks with their bands."""

from collections.abc import Sequence
from typing import Any

import altair as alt

from budgets.models import Path
from reports.advice import PlannedPoint
from reports.charts.frame import Frame, Series
from reports.charts.names import NamePlace
from reports.charts.theme import Theme, legend_of
from reports.charts.view import ChartView
from reports.formatting import money, percent
from tables.table import counted

_BANDS = " with 80 % (thick) and 90 % (thin) bands"
# Above the band, or where bands are hidden above the mark: what holds the name, and how far above it that is.
_ABOVE_BAND, _ABOVE_MARK = ("high_90", -8), ("utility", -14)


def subtitle(view: ChartView) -> str:
    """What the hollow marks are."""
    bands = _BANDS if view.shows(Series.INTERVALS) else ""
    return f"Planned: expected score{bands}, at the expected cost, what is there included."


def planned_marks(
    named: Sequence[tuple[PlannedPoint, bool]], *, x: alt.X, y: alt.Y, theme: Theme, url: str, view: ChartView
) -> list[alt.Chart]:
    """Each expected score between its bands, with its name or without.

    Parameters: `url` is where the marks lead, empty for nowhere.
    """
    drawn = [path for path in Path if any(one.offer.path == path for one, _ in named)]
    colours = {Path.ANNOTATE: theme.annotate, Path.DISTIL: theme.distil}
    shapes = {Path.ANNOTATE: "diamond", Path.DISTIL: "triangle-down"}
    rows = [
        {**_datum(one, url), "colour": colours[one.offer.path], "name": _name(one) if is_named else ""}
        for one, is_named in named
    ]
    base = alt.Chart(alt.InlineData(values=rows)).encode(x=x)
    stroke = alt.Stroke("series:N", **_by_series(drawn, colours))
    bands = [
        base.mark_rule(strokeWidth=width, opacity=opacity).encode(
            y=f"low_{level}:Q", y2=f"high_{level}:Q", stroke=stroke
        )
        for level, width, opacity in ((90, 1.2, 0.8), (80, 6, 0.3))
        if view.shows(Series.INTERVALS)
    ]
    shape = alt.Shape("series:N", **_by_series(drawn, shapes))
    mark = base.mark_point(fill=theme.paper, size=95, strokeWidth=2, opacity=1, aria=True).encode(
        y=y, shape=shape, stroke=stroke, description="words:N"
    )
    if url:
        mark = mark.encode(href="url:N")
    return [*bands, mark, *_names(base.encode(color=alt.Color("colour:N", scale=None)), view)]


def name_place(one: PlannedPoint, frame: Frame, view: ChartView) -> NamePlace:
    """The recommended one's is always written, others' after those of measured students."""
    mark = frame.x(float(one.dollars)), frame.y(one.utility)
    _, dy = _name_anchor(view)
    below = frame.y(min(one.band_90[1], 1)) if view.shows(Series.INTERVALS) else mark[1]
    return NamePlace(
        text=_name(one),
        align="center",
        x=mark[0],
        y=below + dy,
        mark=mark,
        rank=(-1.0,) if one.is_recommended else (2.0, -one.utility),
        is_kept=one.is_recommended,
    )


def describe_planned(planned: Sequence[PlannedPoint]) -> list[str]:
    """What a screen reader says of each."""
    return [_words(one) for one in planned]


def _name(one: PlannedPoint) -> str:
    offer = one.offer
    pseudo = f" + {offer.pseudo_labels:,}" if offer.pseudo_labels else ""
    kept = f", {counted(len(offer.layers), 'layer')}" if offer.layers else ""
    return f"{'Recommended: ' if one.is_recommended else ''}{offer.labels:,}{pseudo}{kept}"


def _datum(one: PlannedPoint, url: str) -> dict[str, object]:
    (low_80, high_80), (low_90, high_90) = one.band_80, one.band_90
    return {
        "series": _series(one.offer.path),
        "dollars": float(one.dollars),
        "utility": one.utility,
        # A score above 100 % cannot be measured, though a band reaches there.
        "low_80": max(low_80, 0),
        "high_80": min(high_80, 1),
        "low_90": max(low_90, 0),
        "high_90": min(high_90, 1),
        "is_recommended": one.is_recommended,
        "words": _words(one),
        **({"url": url} if url else {}),
    }


def _series(path: Path) -> str:
    return f"{path.label}, planned"


def _by_series(drawn: Sequence[Path], by_path: dict[Path, str]) -> dict[str, Any]:
    scale = alt.Scale(domain=[_series(path) for path in drawn], range=[by_path[path] for path in drawn])
    return {"scale": scale, "title": None, "legend": legend_of(symbolSize=110, columnPadding=18)}


def _name_anchor(view: ChartView) -> tuple[str, int]:
    return _ABOVE_BAND if view.shows(Series.INTERVALS) else _ABOVE_MARK


def _names(base: alt.Chart, view: ChartView) -> list[alt.Chart]:
    is_best, (below, dy) = alt.datum.is_recommended, _name_anchor(view)
    others = base.transform_filter(~is_best).mark_text(dy=dy, fontSize=10)
    best = base.transform_filter(is_best).mark_text(dy=dy, fontSize=11, fontWeight="bold")
    return [text.encode(y=f"{below}:Q", text="name:N") for text in (others, best)]


def _words(one: PlannedPoint) -> str:
    low, high = one.band_90
    cost = money(one.dollars, currency=one.currency)
    what = f"Planned, {one.offer.path.label.lower()}, {one.offer.name}, {cost} in all"
    score = f"{percent(one.utility)} expected, {percent(low)} to {percent(high)} with 90 %"
    return f"{what}: {score}" + (", recommended" if one.is_recommended else "")
