"""A student at work outside a study: exported to ONNX, measured, and asked over HTTP."""

from training.serving.exporting import export_model
from training.serving.figures import measure_model
from training.serving.graph import ExportRefused
from training.serving.measuring import Speed, Standing, lines_of, speed_of, standing_of

__all__ = ["ExportRefused", "Speed", "Standing", "export_model", "lines_of", "measure_model", "speed_of", "standing_of"]
