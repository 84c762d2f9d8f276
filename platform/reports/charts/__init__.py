"""Charts, as Vega-Lite, SVG and PNG, and which part of each is shown."""

from reports.charts.axis import Axis
from reports.charts.cost_charts import MonthCost, cost_axis, cost_chart, cost_chart_csv, month_costs
from reports.charts.frame import Frame, Series, frame_of, measured_in
from reports.charts.learning import LearningSeries, is_on_curve, learning_axis, learning_chart
from reports.charts.reliability import (
    Reliability,
    ReliabilitySeries,
    reliability_axis,
    reliability_chart,
    reliability_csv,
    reliability_of,
)
from reports.charts.rendering import RenderedChart
from reports.charts.run_charts import curve_axis, curve_chart, curve_csv, curve_series
from reports.charts.theme import LIGHT, THEMES, ChartSpec, NothingToDraw, Theme, legend_of, look_of
from reports.charts.utility import Links, shown_of, utility_chart
from reports.charts.view import WHOLE, ChartView, MonthView, month_number

__all__ = [
    "LIGHT",
    "THEMES",
    "WHOLE",
    "Axis",
    "ChartSpec",
    "ChartView",
    "Frame",
    "LearningSeries",
    "Links",
    "MonthCost",
    "MonthView",
    "NothingToDraw",
    "Reliability",
    "ReliabilitySeries",
    "RenderedChart",
    "Series",
    "Theme",
    "cost_axis",
    "cost_chart",
    "cost_chart_csv",
    "curve_axis",
    "curve_chart",
    "curve_csv",
    "curve_series",
    "frame_of",
    "is_on_curve",
    "learning_axis",
    "learning_chart",
    "legend_of",
    "look_of",
    "measured_in",
    "month_costs",
    "month_number",
    "reliability_axis",
    "reliability_chart",
    "reliability_csv",
    "reliability_of",
    "shown_of",
    "utility_chart",
]
