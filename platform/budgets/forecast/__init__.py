"""When a budget will run out."""

from budgets.forecast.outlooks import notify_forecasts, outlook

__all__ = ["notify_forecasts", "outlook"]
