"""When a budget will run out."""

from budgets.forecast.outlooks import outlook, tell_forecasts

__all__ = ["outlook", "tell_forecasts"]
