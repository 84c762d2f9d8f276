"""Carrying a run out, and the sweep that finds the ones nobody carries out."""

from runs.supervision.shutdown import announce, is_announced
from runs.supervision.supervisor import supervise
from runs.supervision.sweeping import sweep

__all__ = ["announce", "is_announced", "supervise", "sweep"]
