"""Charts, as Vega-Lite, SVG and PNG."""

from reports.charts.cost_charts import cost_chart
from reports.charts.frame import Frame, frame_of
from reports.charts.learning import learning_chart
from reports.charts.reliability import reliability_chart, reliability_of
from reports.charts.rendering import RenderedChart
from reports.charts.run_charts import curve_chart, curve_csv
from reports.charts.theme import LIGHT, THEMES, ChartSpec, NothingToDraw, Theme, legend_of, look_of
from reports.charts.utility import Links, shown_of, utility_chart
from reports.charts.view import WHOLE, ChartView, Series

__all__ = [
    "LIGHT",
    "THEMES",
    "WHOLE",
    "ChartSpec",
    "ChartView",
    "Frame",
    "Links",
    "NothingToDraw",
    "RenderedChart",
    "Series",
    "Theme",
    "cost_chart",
    "curve_chart",
    "curve_csv",
    "frame_of",
    "learning_chart",
    "legend_of",
    "look_of",
    "reliability_chart",
    "reliability_of",
    "shown_of",
    "utility_chart",
]
