"""Carrying a run out, and the sweep that finds the ones nobody carries out."""

from runs.supervision.shutdown import announce
from runs.supervision.supervisor import supervise
from runs.supervision.sweeping import sweep

__all__ = ["announce", "supervise", "sweep"]
