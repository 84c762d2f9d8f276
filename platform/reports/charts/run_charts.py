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
    panels = [_loss_panel(points, colour)]
    if any(point.score is not None for point in points):
        panels.append(_score_panel(points, colour, metric))
    chart = alt.vconcat(*panels, config=look_of(theme), spacing=18).resolve_scale(x="shared")
    return ChartSpec(spec={**chart.to_dict(), "description": _description(points, metric)})


def _loss_panel(points: Sequence[CurvePoint], colour: Any) -> alt.Chart:
    rows = [_datum(one, "loss", one.loss) for one in points if one.loss is not None]
    axis = alt.Axis(format="~g", tickCount=5)
    chart: alt.Chart = (
        alt.Chart(alt.InlineData(values=rows))
        .mark_line(strokeWidth=1.5)
        .encode(x=_steps(), y=alt.Y("loss:Q", title="Loss", axis=axis), color=colour, opacity=_opacity())
        .properties(width=WIDTH, height=_LOSS_HEIGHT)
    )
    return chart


def _score_panel(points: Sequence[CurvePoint], colour: Any, metric: str) -> alt.Chart:
    rows = [_datum(one, "score", one.score) for one in points if one.score is not None]
    axis, scale = alt.Axis(format="~%", tickCount=4), alt.Scale(zero=False)
    chart: alt.Chart = (
        alt.Chart(alt.InlineData(values=rows))
        .mark_line(strokeWidth=1.5, point=alt.OverlayMarkDef(size=36))
        .encode(
            x=_steps(),
            y=alt.Y("score:Q", title=f"{metric} on dev", axis=axis, scale=scale),
            color=colour,
            opacity=_opacity(),
        )
        .properties(width=WIDTH, height=_SCORE_HEIGHT)
    )
    return chart


def _datum(point: CurvePoint, name: str, value: float) -> dict[str, object]:
    return {"training": point.trial, "step": point.step, name: value, "kept": point.is_kept}


def _opacity() -> alt.Opacity:
    """A training that dev did not choose stands back."""
    return alt.Opacity("kept:N", scale=alt.Scale(domain=[True, False], range=[1, 0.4]), legend=None)


def _steps() -> alt.X:
    return alt.X("step:Q", title="Optimiser step", axis=alt.Axis(format="~s", tickCount=8))


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
    said = [f"loss {one.loss:.3g} at step {one.step}" for one in _ends([one for one in points if one.loss is not None])]
    scores = [point for point in points if point.score is not None]
    if scores:
        best = max(scores, key=lambda point: point.score or 0.0)
        said.append(f"best {metric} on dev {percent(best.score)} at step {best.step}")
    return "; ".join(said)


def _ends(points: Sequence[CurvePoint]) -> Sequence[CurvePoint]:
    return points if len(points) < 2 else (points[0], points[-1])


def curve_csv(points: Sequence[CurvePoint]) -> str:
    """Write a run's curves as CSV: a row per point, its loss or its score on dev."""
    rows = ([one.trial, one.step, one.loss, one.score] for one in points)
    return "".join(csv_lines(header=["training", "step", "loss", "dev_score"], rows=rows))
