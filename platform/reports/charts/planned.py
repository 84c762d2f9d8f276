"""Planned students in the chart of utility: hollow marks with their bands."""

from collections.abc import Sequence
from typing import Any

import altair as alt

from budgets.models import Path
from reports.advice import PlannedPoint
from reports.charts.theme import Theme, legend_of
from reports.formatting import money, percent

SUBTITLE = (
    "Planned: expected score with 80 % (thick) and 90 % (thin) bands, at the expected cost, what is there included."
)


def planned_marks(planned: Sequence[PlannedPoint], *, x: alt.X, y: alt.Y, theme: Theme, url: str) -> list[alt.Chart]:
    """Each expected score between its bands; `url` is where the marks lead, empty for nowhere."""
    drawn = [path for path in Path if any(one.offer.path == path for one in planned)]
    colours = {Path.ANNOTATE: theme.annotate, Path.DISTIL: theme.distil}
    shapes = {Path.ANNOTATE: "diamond", Path.DISTIL: "triangle-down"}
    data = alt.InlineData(values=[{**_datum(one, url), "colour": colours[one.offer.path]} for one in planned])
    base, stroke = alt.Chart(data).encode(x=x), alt.Stroke("series:N", **_by_series(drawn, colours))
    bands = [
        base.mark_rule(strokeWidth=width, opacity=opacity).encode(
            y=f"low_{level}:Q", y2=f"high_{level}:Q", stroke=stroke
        )
        for level, width, opacity in ((90, 1.2, 0.8), (80, 6, 0.3))
    ]
    shape = alt.Shape("series:N", **_by_series(drawn, shapes))
    mark = base.mark_point(fill=theme.paper, size=95, strokeWidth=2, opacity=1).encode(
        y=y, shape=shape, stroke=stroke, description="words:N"
    )
    if url:
        mark = mark.encode(href="url:N")
    return [*bands, mark, *_names(base.encode(color=alt.Color("colour:N", scale=None)))]


def describe_planned(planned: Sequence[PlannedPoint]) -> list[str]:
    """What a screen reader says of each."""
    return [_words(one) for one in planned]


def _datum(one: PlannedPoint, url: str) -> dict[str, object]:
    offer = one.offer
    name = "Recommended: " if one.is_recommended else ""
    name += f"{offer.labels:,}" + (f" + {offer.pseudo_labels:,}" if offer.pseudo_labels else "")
    (low_80, high_80), (low_90, high_90) = one.band_80, one.band_90
    return {
        "series": _series(offer.path),
        "dollars": float(one.dollars),
        "utility": one.utility,
        # A score above 100 % cannot be measured, though a band reaches there.
        "low_80": max(low_80, 0),
        "high_80": min(high_80, 1),
        "low_90": max(low_90, 0),
        "high_90": min(high_90, 1),
        "name": name,
        "is_recommended": one.is_recommended,
        "words": _words(one),
        **({"url": url} if url else {}),
    }


def _series(path: Path) -> str:
    return f"{path.label}, planned"


def _by_series(drawn: Sequence[Path], by_path: dict[Path, str]) -> dict[str, Any]:
    scale = alt.Scale(domain=[_series(path) for path in drawn], range=[by_path[path] for path in drawn])
    return {"scale": scale, "title": None, "legend": legend_of(symbolSize=110, columnPadding=18)}


def _names(base: alt.Chart) -> list[alt.Chart]:
    """Above the bands, where no other mark is near."""
    is_best = alt.datum.is_recommended
    others = base.transform_filter(~is_best).mark_text(dy=-8, fontSize=10)
    best = base.transform_filter(is_best).mark_text(dy=-8, fontSize=11, fontWeight="bold")
    return [text.encode(y="high_90:Q", text="name:N") for text in (others, best)]


def _words(one: PlannedPoint) -> str:
    low, high = one.band_90
    cost = money(one.dollars, currency=one.currency)
    what = f"Planned, {one.offer.path.label.lower()}, {one.offer.name}, {cost} in all"
    score = f"{percent(one.utility)} expected, {percent(low)} to {percent(high)} with 90 %"
    return f"{what}: {score}" + (", recommended" if one.is_recommended else "")
