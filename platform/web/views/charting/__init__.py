"""The chart of utility, on the report and by itself."""

from web.views.charting.page import chart_context, chart_form, file_name, linked_chart, report_chart

__all__ = ["chart_context", "chart_form", "file_name", "linked_chart", "report_chart"]
