"""A student at work outside a study: exported to ONNX, measured, and asked over HTTP."""

from training.serving.exporting import export_model
from training.serving.graph import ExportRefused
from training.serving.measuring import Speed, speed_of

__all__ = ["ExportRefused", "Speed", "export_model", "speed_of"]
