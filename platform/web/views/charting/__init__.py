"""Charts as parts of pages, and the chart of utility, on the report and by itself."""

from web.views.charting.page import chart_form, file_name, linked_chart, report_chart, report_drawing
from web.views.charting.parts import (
    Address,
    ChartPart,
    Panel,
    ShownChart,
    carried_from,
    chart_file,
    linked_part,
    shown_chart,
)

__all__ = [
    "Address",
    "ChartPart",
    "Panel",
    "ShownChart",
    "carried_from",
    "chart_file",
    "chart_form",
    "file_name",
    "linked_chart",
    "linked_part",
    "report_chart",
    "report_drawing",
    "shown_chart",
]
