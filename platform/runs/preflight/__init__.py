"""What is checked before money is held: models, licences, memory, and what the labels allow."""

from runs.preflight.checks import Finding, Level, cost_finding, preflight, preflight_of, refuse
from runs.preflight.licences import licence_of, require_licence, state_licence
from runs.preflight.references import check_model
from training.contract import PACKAGES

__all__ = [
    "PACKAGES",
    "Finding",
    "Level",
    "check_model",
    "cost_finding",
    "licence_of",
    "preflight",
    "preflight_of",
    "refuse",
    "require_licence",
    "state_licence",
]
