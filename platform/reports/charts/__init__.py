"""Charts, as Vega-Lite, SVG and PNG."""

from reports.charts.cost_charts import cost_chart
from reports.charts.drawings import RenderedChart
from reports.charts.reliability import reliability_chart, reliability_of
from reports.charts.run_charts import curve_chart, curve_csv
from reports.charts.utility import LIGHT, THEMES, ChartSpec, NothingToDraw, utility_chart

__all__ = [
    "LIGHT",
    "THEMES",
    "ChartSpec",
    "NothingToDraw",
    "RenderedChart",
    "cost_chart",
    "curve_chart",
    "curve_csv",
    "reliability_chart",
    "reliability_of",
    "utility_chart",
]
