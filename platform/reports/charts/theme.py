"""What every chart looks like: themes, colours, sizes; and a chart's renderings, made offline."""

from dataclasses import dataclass
from typing import Any

import altair as alt
import vl_convert

from config.refusals import Refusal

_VEGA_LITE = "6.4"
WIDTH = 640


class NothingToDraw(Refusal):
    """There is no data to draw a chart of; the message says what to do first."""


@dataclass(frozen=True, kw_only=True)
class Theme:
    """Colours after Okabe and Ito, told apart by colour-blind readers: of the two paths, and of any other series."""

    ink: str
    muted: str
    grid: str
    paper: str
    annotate: str
    distil: str
    series: tuple[str, ...]


LIGHT = Theme(
    ink="#1b1f24",
    muted="#57606a",
    grid="#e4e7eb",
    paper="#ffffff",
    annotate="#0072b2",
    distil="#c14f00",
    series=("#0072b2", "#d55e00", "#00835f", "#b0558a", "#9a6700", "#3b7fb0", "#6f6f35", "#a05195"),
)
DARK = Theme(
    ink="#e6e9ed",
    muted="#a0a9b4",
    grid="#2f363f",
    paper="#14181d",
    annotate="#56b4e9",
    distil="#e69f00",
    series=("#56b4e9", "#e69f00", "#2fc59b", "#e39ac4", "#f0e442", "#8fb8ff", "#c2c27a", "#d59ad0"),
)
THEMES = {"light": LIGHT, "dark": DARK}


@dataclass(frozen=True, kw_only=True)
class ChartSpec:
    spec: dict[str, Any]

    def svg(self) -> str:
        return str(vl_convert.vegalite_to_svg(self.spec, vl_version=_VEGA_LITE))

    def png(self) -> bytes:
        return bytes(vl_convert.vegalite_to_png(self.spec, vl_version=_VEGA_LITE, scale=2))


def look_of(theme: Theme) -> alt.Config:
    return alt.Config(
        background=theme.paper,
        font="Helvetica, Arial, sans-serif",
        padding=14,
        view=alt.ViewConfig(stroke=None),
        # Only marks that say so speak: a screen reader would read out every line and rule.
        mark=alt.MarkConfig(aria=False),
        axis=alt.AxisConfig(
            labelColor=theme.muted,
            titleColor=theme.ink,
            gridColor=theme.grid,
            domainColor=theme.muted,
            tickColor=theme.muted,
            labelFontSize=12,
            titleFontSize=12,
            titleFontWeight="normal",
            titlePadding=10,
        ),
        legend=alt.LegendConfig(labelColor=theme.ink, labelFontSize=12),
        title=alt.TitleConfig(
            anchor="start", color=theme.ink, subtitleColor=theme.muted, fontSize=16, subtitleFontSize=12, offset=8
        ),
    )


def legend_of(**options: Any) -> alt.Legend:
    """A legend above the chart, its symbols as solid as what they stand for."""
    return alt.Legend(orient="top", symbolOpacity=1, **options)
