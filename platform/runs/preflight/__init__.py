"""What is checked before money is held: models, licences, memory, and what the labels allow."""

from runs.preflight.checks import check_cost, preflight
from runs.preflight.licences import licence_of, require_licence, state_licence
from runs.preflight.results import CheckLevel, CheckResult, refuse
from training.contract import PACKAGES
from training.spec import SOURCES

__all__ = [
    "PACKAGES",
    "SOURCES",
    "CheckLevel",
    "CheckResult",
    "check_cost",
    "licence_of",
    "preflight",
    "refuse",
    "require_licence",
    "state_licence",
]
