"""The chart of a run's curves: loss by step above, the score on dev below, one line per training."""

from collections.abc import Sequence
from typing import Any

import altair as alt

from reports.charts.theme import LIGHT, WIDTH, ChartSpec, NothingToDraw, Theme, look_of
from reports.formatting import percent
from runs.results import CurvePoint
from tables.csv_lines import csv_lines

_LOSS_HEIGHT, _SCORE_HEIGHT = 200, 120
_MOST_NAMES = 8


def curve_chart(points: Sequence[CurvePoint], *, metric: str, theme: Theme = LIGHT) -> ChartSpec:
    """Draw a run's curves; `metric` is the shown name of its score on dev. Raises NothingToDraw before step 1."""
    if not points:
        raise NothingToDraw("This run has taken no step yet, so there is nothing to draw.")
    trials = list(dict.fromkeys(point.trial for point in points))
    colour = _colour(trials, theme.series)
    losses = [_datum(one, "loss", one.loss) for one in points if one.loss is not None]
    scores = [_datum(one, "score", one.score) for one in points if one.score is not None]
    loss = alt.Y("loss:Q", title="Loss", axis=alt.Axis(format="~g", tickCount=5))
    panels = [_panel(losses, loss, colour, height=_LOSS_HEIGHT)]
    if scores:
        axis, scale = alt.Axis(format="~%", tickCount=4), alt.Scale(zero=False)
        score = alt.Y("score:Q", title=f"{metric} on dev", axis=axis, scale=scale)
        panels.append(_panel(scores, score, colour, height=_SCORE_HEIGHT, point=alt.OverlayMarkDef(size=36)))
    chart = alt.vconcat(*panels, config=look_of(theme), spacing=18).resolve_scale(x="shared")
    return ChartSpec(spec={**chart.to_dict(), "description": _description(points, metric)})


def _panel(rows: Sequence[dict[str, object]], y: alt.Y, colour: Any, *, height: int, **mark: Any) -> alt.Chart:
    steps = alt.X("step:Q", title="Optimiser step", axis=alt.Axis(format="~s", tickCount=8))
    # A training that dev did not choose stands back.
    opacity = alt.Opacity("kept:N", scale=alt.Scale(domain=[True, False], range=[1, 0.4]), legend=None)
    chart: alt.Chart = (
        alt.Chart(alt.InlineData(values=rows))
        .mark_line(strokeWidth=1.5, **mark)
        .encode(x=steps, y=y, color=colour, opacity=opacity)
        .properties(width=WIDTH, height=height)
    )
    return chart


def _datum(point: CurvePoint, name: str, value: float) -> dict[str, object]:
    return {"training": point.trial, "step": point.step, name: value, "kept": point.is_kept}


def _colour(trials: Sequence[str], palette: Sequence[str]) -> Any:
    if len(trials) == 1:
        return alt.value(palette[0])
    colours = [palette[place % len(palette)] for place in range(len(trials))]
    legend = alt.Legend(
        orient="bottom",
        columns=2,
        columnPadding=24,
        symbolLimit=_MOST_NAMES,
        labelLimit=320,
        symbolType="stroke",
        symbolStrokeWidth=3,
    )
    return alt.Color("training:N", scale=alt.Scale(domain=list(trials), range=colours), title=None, legend=legend)


def _description(points: Sequence[CurvePoint], metric: str) -> str:
    """What a screen reader says instead of the picture: of the trainings whose settings were kept."""
    points = [point for point in points if point.is_kept]
    losses = [f"loss {one.loss:.3g} at step {one.step}" for one in points if one.loss is not None]
    parts = losses if len(losses) < 2 else [losses[0], losses[-1]]
    scores = [point for point in points if point.score is not None]
    if scores:
        best = max(scores, key=lambda point: point.score or 0.0)
        parts.append(f"best {metric} on dev {percent(best.score)} at step {best.step}")
    return "; ".join(parts)


def curve_csv(points: Sequence[CurvePoint]) -> str:
    """Write a run's curves as CSV: a row per point, its loss or its score on dev."""
    rows = ([one.trial, one.step, one.loss, one.score] for one in points)
    return "".join(csv_lines(header=["training", "step", "loss", "dev_score"], rows=rows))
