"""Training a student on a teacher's soft labels."""

from training.methods.distilling.distillation import distil

__all__ = ["distil"]
