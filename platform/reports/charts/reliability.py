"""A teacher's confidence against its accuracy on dev, before and after calibration: figures and a drawing."""

from dataclasses import asdict, dataclass
from typing import Any

import altair as alt

from reports.charts.theme import LIGHT, ChartSpec, NothingToDraw, Theme, legend_of, look_of
from runs.models import Artifact

_SIZE = 320
_BEFORE, _AFTER = "Before", "After"


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


def reliability_chart(found: Reliability | None, *, theme: Theme = LIGHT) -> ChartSpec:
    """Draw accuracy against confidence. Raises NothingToDraw where there is no calibration."""
    if found is None:
        raise NothingToDraw("These soft labels were scored without a dev split, so that nothing is known of this.")
    bins = [(_BEFORE, one) for one in found.before] + [(_AFTER, one) for one in found.after]
    rows = [{"when": when, **asdict(one)} for when, one in bins]
    share = alt.Scale(domain=[0, 1], nice=False)
    percent = alt.Axis(format="~%", tickCount=5)
    base = alt.Chart(alt.InlineData(values=rows)).encode(
        x=alt.X("confidence:Q", scale=share, axis=percent, title="Confidence"),
        y=alt.Y("accuracy:Q", scale=share, axis=percent, title="Accuracy on dev"),
        color=alt.Color("when:N", scale=_scale(theme.distil, theme.annotate), title=None, legend=legend_of()),
        shape=alt.Shape("when:N", scale=_scale("circle", "triangle-up"), title=None),
        size=alt.Size("count:Q", scale=alt.Scale(range=[30, 260]), legend=None),
    )
    corners = [{"confidence": 0, "accuracy": 0}, {"confidence": 1, "accuracy": 1}]
    diagonal = alt.Chart(alt.InlineData(values=corners)).mark_line(color=theme.muted, strokeDash=[5, 4])
    layers = [diagonal.encode(x="confidence:Q", y="accuracy:Q"), base.mark_point(filled=True, opacity=0.85)]
    title = alt.TitleParams(text="Reliability of the teacher", subtitle=["Dashed: perfect calibration."])
    drawn = alt.layer(*layers, config=look_of(theme)).properties(
        width=_SIZE, height=_SIZE, title=title, description=_description(found)
    )
    return ChartSpec(spec=drawn.to_dict())


def _scale(before: str, after: str) -> alt.Scale:
    return alt.Scale(domain=[_BEFORE, _AFTER], range=[before, after])


def _bins(rows: Any) -> tuple[ReliabilityBin, ...]:
    return tuple(ReliabilityBin(row["count"], row["confidence"], row["accuracy"]) for row in rows if row["count"])


def _description(found: Reliability) -> str:
    """What a screen reader says instead of the picture."""
    return "; ".join(f"confidence {one.confidence:.2f}: accuracy {one.accuracy:.2f}" for one in found.after)
