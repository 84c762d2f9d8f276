"""A teacher's confidence against its accuracy on dev, before and after calibration: figures and a drawing."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import altair as alt
from django.db import models

from reports.charts.axis import Axis, straight_axis
from reports.charts.theme import LIGHT, ChartSpec, NothingToDraw, Theme, legend_of, look_of
from reports.charts.view import WHOLE, ChartView
from reports.formatting import percent
from runs.models import Artifact
from tables.csv_lines import csv_lines
from tables.table import counted

_SIZE = 320


@dataclass(frozen=True)
class ReliabilityBin:
    """Decisions of like confidence: their number, and their mean confidence and accuracy, 0 to 1."""

    count: int
    confidence: float
    accuracy: float


@dataclass(frozen=True, kw_only=True)
class Reliability:
    """A teacher's calibration on dev; errors (ECE) and accuracy are 0 to 1, bins without decisions are left out."""

    temperature: float
    num_examples: int
    num_decisions: int
    accuracy: float
    error_before: float
    error_after: float
    before: tuple[ReliabilityBin, ...]
    after: tuple[ReliabilityBin, ...]


def reliability_of(artifact: Artifact) -> Reliability | None:
    """Read a soft-label set's calibration; None where it was scored without dev."""
    found = artifact.result.get("calibration")
    if not found:
        return None
    return Reliability(
        **{name: found[name] for name in ("temperature", "num_examples", "num_decisions", "accuracy")},
        error_before=found["ece_before"],
        error_after=found["ece_after"],
        before=_bins(found.get("bins_before") or ()),
        after=_bins(found["bins"]),
    )


class ReliabilitySeries(models.TextChoices):
    """What of the chart of reliability can be hidden."""

    BEFORE = "before", "Before"
    AFTER = "after", "After"
    PERFECT = "perfect", "Perfect calibration"


def shown_bins(found: Reliability | None, view: ChartView) -> list[tuple[ReliabilitySeries, ReliabilityBin]]:
    """The bins that a view shows. Raises NothingToDraw where that is nothing."""
    if found is None:
        raise NothingToDraw("These soft labels were scored without a dev split, so that nothing is known of this.")
    bins = [(ReliabilitySeries.BEFORE, one) for one in found.before]
    bins += [(ReliabilitySeries.AFTER, one) for one in found.after]
    shown = [(when, one) for when, one in bins if view.shows(when) and view.has(one.confidence)]
    if not shown:
        raise NothingToDraw("Nothing is in this part of the chart. Show more series, or a wider range of confidence.")
    return shown


def reliability_axis(found: Reliability | None, view: ChartView) -> Axis:
    """The confidence that is shown. Raises NothingToDraw where that is nothing."""
    shown_bins(found, view)
    return straight_axis(0, 1, view)


def reliability_chart(found: Reliability | None, *, theme: Theme = LIGHT, view: ChartView = WHOLE) -> ChartSpec:
    """Draw accuracy against confidence. Raises NothingToDraw where there is no calibration, or the view has none."""
    shown, axis = shown_bins(found, view), reliability_axis(found, view)
    share, across = alt.Scale(domain=[0, 1], nice=False), alt.Scale(domain=[axis.low, axis.high], nice=False)
    in_percent, looks = alt.Axis(format="~%", tickCount=5), dict.fromkeys(when for when, _ in shown)
    colours = _scale(looks, {ReliabilitySeries.BEFORE: theme.distil, ReliabilitySeries.AFTER: theme.annotate})
    shapes = _scale(looks, {ReliabilitySeries.BEFORE: "circle", ReliabilitySeries.AFTER: "triangle-up"})
    rows = [{"when": when.label, "words": _words(when, one), **asdict(one)} for when, one in shown]
    points = alt.Chart(alt.InlineData(values=rows)).mark_point(filled=True, opacity=0.85, aria=True)
    points = points.encode(
        x=alt.X("confidence:Q", scale=across, axis=in_percent, title="Confidence"),
        y=alt.Y("accuracy:Q", scale=share, axis=in_percent, title="Accuracy on dev"),
        color=alt.Color("when:N", scale=colours, title=None, legend=legend_of()),
        shape=alt.Shape("when:N", scale=shapes, title=None),
        size=alt.Size("count:Q", scale=alt.Scale(range=[30, 260]), legend=None),
        description="words:N",
    )
    diagonal = [_diagonal(axis, theme)] if view.shows(ReliabilitySeries.PERFECT) else []
    title = alt.TitleParams(
        text="Reliability of the teacher", subtitle=["Dashed: perfect calibration."] if diagonal else []
    )
    drawn = alt.layer(*diagonal, points, config=look_of(theme)).properties(
        width=_SIZE, height=_SIZE, title=title, description="; ".join(_words(when, one) for when, one in shown)
    )
    return ChartSpec(spec=drawn.to_dict())


def reliability_csv(found: Reliability, view: ChartView) -> Iterator[str]:
    """Yield a row for each bin that a view shows."""
    bins = [("before", one) for one in found.before] + [("after", one) for one in found.after]
    shown = ((when, one) for when, one in bins if view.shows(when) and view.has(one.confidence))
    rows = ([when, one.confidence, one.accuracy, one.count] for when, one in shown)
    return csv_lines(header=["calibration", "confidence", "accuracy", "decisions"], rows=rows)


def _diagonal(axis: Axis, theme: Theme) -> alt.Chart:
    """From corner to corner of what is shown: accuracy as high as confidence."""
    ends = [max(axis.low, 0), min(axis.high, 1)]
    corners = [{"confidence": end, "accuracy": end} for end in ends]
    line = alt.Chart(alt.InlineData(values=corners)).mark_line(color=theme.muted, strokeDash=[5, 4])
    diagonal: alt.Chart = line.encode(x="confidence:Q", y="accuracy:Q")
    return diagonal


def _scale(shown: Iterable[ReliabilitySeries], looks: Mapping[ReliabilitySeries, str]) -> alt.Scale:
    drawn = list(shown)
    return alt.Scale(domain=[when.label for when in drawn], range=[looks[when] for when in drawn])


def _bins(rows: Any) -> tuple[ReliabilityBin, ...]:
    return tuple(ReliabilityBin(row["count"], row["confidence"], row["accuracy"]) for row in rows if row["count"])


def _words(when: ReliabilitySeries, one: ReliabilityBin) -> str:
    """What a screen reader says of a mark, and all of them instead of the picture."""
    return (
        f"{when.label}, confidence {percent(one.confidence)}: accuracy {percent(one.accuracy)}, "
        f"{counted(one.count, 'decision')}"
    )
