"""What it costs to serve a study's models, and when the one cheaper to serve wins."""

from reports.serving.served import ServedModel, Serving, rate_format, serving_of
from reports.serving.words import compare_serving

__all__ = ["ServedModel", "Serving", "compare_serving", "rate_format", "serving_of"]
