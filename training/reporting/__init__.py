"""What a run reports on its way and at its end. Nothing here imports torch."""

from training.reporting.card import Card, CostLine, Costs, ResourceUse, ServingLine, card_text
from training.reporting.curve import TrialCurve, read_curves
from training.reporting.energy import Energy, EnergyMeter
from training.reporting.meter import Meter, peak_device_memory_bytes, peak_memory_bytes, versions
from training.reporting.progress import Progress

__all__ = [
    "Card",
    "CostLine",
    "Costs",
    "Energy",
    "EnergyMeter",
    "Meter",
    "Progress",
    "ResourceUse",
    "ServingLine",
    "TrialCurve",
    "card_text",
    "peak_device_memory_bytes",
    "peak_memory_bytes",
    "read_curves",
    "versions",
]
