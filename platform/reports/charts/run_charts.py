"""The chart of a run's curves: loss by step above, the score on dev below, one line per training."""

from collections.abc import Iterator, Sequence
from typing import Any

import altair as alt

from reports.charts.axis import Axis, straight_axis
from reports.charts.theme import LIGHT, WIDTH, ChartSpec, NothingToDraw, Theme, look_of
from reports.charts.view import WHOLE, ChartView
from reports.formatting import percent
from runs.results import CurvePoint
from tables.csv_lines import csv_lines

LOSS, SCORE = "loss", "score"
"""The two curves of a training, each of which can be hidden."""
_LOSS_HEIGHT, _SCORE_HEIGHT = 200, 120
_MOST_NAMES = 8
# Of each curve, so that a keyboard gets from end to end.
_MOST_MARKS = 40


def curve_series(points: Sequence[CurvePoint], *, metric: str) -> list[tuple[str, str]]:
    """What can be hidden: a curve, and of several trainings each, by its number."""
    trials = _trials(points)
    curves = [(LOSS, "Loss"), (SCORE, f"{metric} on dev")]
    has_scores = any(one.score is not None for one in points)
    return [
        *(curves if has_scores else []),
        *(((_series_of(place), trial) for place, trial in enumerate(trials)) if len(trials) > 1 else []),
    ]


def shown_curves(points: Sequence[CurvePoint], view: ChartView) -> list[CurvePoint]:
    """The points that a view shows."""
    series = {trial: _series_of(place) for place, trial in enumerate(_trials(points))}
    return [
        one
        for one in points
        if view.has(one.step) and view.shows(series[one.trial]) and view.shows(LOSS if one.score is None else SCORE)
    ]


def curve_axis(points: Sequence[CurvePoint], view: ChartView) -> Axis:
    """The steps that are shown. Raises NothingToDraw before step 1, and where the view has no point."""
    if not points:
        raise NothingToDraw("This run has taken no step yet, so there is nothing to draw.")
    shown = shown_curves(points, view)
    if not shown:
        raise NothingToDraw("No step is in this part of the chart. Show more series, or a wider range of steps.")
    return straight_axis(0, max(one.step for one in shown), view)


def curve_chart(
    points: Sequence[CurvePoint], *, metric: str, theme: Theme = LIGHT, view: ChartView = WHOLE
) -> ChartSpec:
    """Draw a run's curves; `metric` is the shown name of its score on dev.

    Raises NothingToDraw before step 1, and where the view has no point.
    """
    axis, shown = curve_axis(points, view), shown_curves(points, view)
    colour = _colour(_trials(points), _trials(shown), theme.series)
    losses = [_datum(one, "loss", one.loss, f"loss {one.loss:.3g}") for one in shown if one.loss is not None]
    scored = ((one, one.score) for one in shown if one.score is not None)
    scores = [_datum(one, "score", score, f"{metric} on dev {percent(score)}") for one, score in scored]
    panels = []
    if losses:
        loss = alt.Y("loss:Q", title="Loss", axis=alt.Axis(format="~g", tickCount=5))
        panels.append(_panel(losses, loss, colour, axis, height=_LOSS_HEIGHT, size=12))
    if scores:
        share, scale = alt.Axis(format="~%", tickCount=4), alt.Scale(zero=False)
        score = alt.Y("score:Q", title=f"{metric} on dev", axis=share, scale=scale)
        panels.append(_panel(scores, score, colour, axis, height=_SCORE_HEIGHT, size=36))
    chart = alt.vconcat(*panels, config=look_of(theme), spacing=18).resolve_scale(x="shared")
    return ChartSpec(spec={**chart.to_dict(), "description": _description(shown, metric)})


def _trials(points: Sequence[CurvePoint]) -> list[str]:
    return list(dict.fromkeys(point.trial for point in points))


def _series_of(place: int) -> str:
    return f"training-{place + 1}"


def _panel(
    rows: Sequence[dict[str, object]], y: alt.Y, colour: Any, axis: Axis, *, height: int, size: int
) -> alt.LayerChart | alt.FacetChart:
    """The line of each training, with marks on it that say their step and value."""
    across = alt.Scale(domain=[axis.low, axis.high], nice=False)
    steps = alt.X("step:Q", title="Optimiser step", axis=alt.Axis(format="~s", tickCount=8), scale=across)
    # A training that dev did not choose stands back.
    opacity = alt.Opacity("kept:N", scale=alt.Scale(domain=[True, False], range=[1, 0.4]), legend=None)
    line = alt.Chart(alt.InlineData(values=rows)).mark_line(strokeWidth=1.5)
    marks = alt.Chart(alt.InlineData(values=_spoken(rows))).mark_point(filled=True, size=size, aria=True)
    both = [line, marks.encode(description="words:N")]
    layers = [one.encode(x=steps, y=y, color=colour, opacity=opacity) for one in both]
    return alt.layer(*layers).properties(width=WIDTH, height=height)


def _spoken(rows: Sequence[dict[str, object]]) -> list[dict[str, object]]:
    """Of each training the points that have a mark: every so many, and the last."""
    by_training: dict[object, list[dict[str, object]]] = {}
    for row in rows:
        by_training.setdefault(row["training"], []).append(row)
    return [
        row
        for found in by_training.values()
        for place, row in enumerate(found, start=1)
        if (len(found) - place) % (1 + (len(found) - 1) // _MOST_MARKS) == 0
    ]


def _datum(point: CurvePoint, name: str, value: float, said: str) -> dict[str, object]:
    words = f"{point.trial}, step {point.step:,}: {said}"
    return {"training": point.trial, "step": point.step, name: value, "kept": point.is_kept, "words": words}


def _colour(trials: Sequence[str], shown: Sequence[str], palette: Sequence[str]) -> Any:
    """A colour for each training, which it keeps where others are hidden."""
    if len(trials) == 1:
        return alt.value(palette[0])
    colours = [palette[place % len(palette)] for place, trial in enumerate(trials) if trial in shown]
    legend = alt.Legend(
        orient="bottom",
        columns=2,
        columnPadding=24,
        symbolLimit=_MOST_NAMES,
        labelLimit=320,
        symbolType="stroke",
        symbolStrokeWidth=3,
    )
    return alt.Color("training:N", scale=alt.Scale(domain=list(shown), range=colours), title=None, legend=legend)


def _description(points: Sequence[CurvePoint], metric: str) -> str:
    """What a screen reader says instead of the picture: of the trainings whose settings were kept."""
    points = [point for point in points if point.is_kept] or points
    losses = [f"loss {one.loss:.3g} at step {one.step}" for one in points if one.loss is not None]
    parts = losses if len(losses) < 2 else [losses[0], losses[-1]]
    scores = [point for point in points if point.score is not None]
    if scores:
        best = max(scores, key=lambda point: point.score or 0.0)
        parts.append(f"best {metric} on dev {percent(best.score)} at step {best.step}")
    return "; ".join(parts)


def curve_csv(points: Sequence[CurvePoint], view: ChartView = WHOLE) -> Iterator[str]:
    """Yield a row for each point of a run's curves that a view shows, its loss or its score on dev."""
    rows = ([one.trial, one.step, one.loss, one.score] for one in shown_curves(points, view))
    return csv_lines(header=["training", "step", "loss", "dev_score"], rows=rows)
