"""Charts, as Vega-Lite, SVG and PNG."""

from reports.charts.cost_charts import cost_chart
from reports.charts.drawings import Drawing
from reports.charts.reliability import reliability_chart, reliability_of
from reports.charts.run_charts import curve_chart, curve_csv
from reports.charts.utility import LIGHT, THEMES, Chart, NothingToDraw, utility_chart

__all__ = [
    "LIGHT",
    "THEMES",
    "Chart",
    "Drawing",
    "NothingToDraw",
    "cost_chart",
    "curve_chart",
    "curve_csv",
    "reliability_chart",
    "reliability_of",
    "utility_chart",
]
