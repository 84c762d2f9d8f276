"""What is checked before money is held: models, licences, memory, and what the labels allow."""

from runs.preflight.checks import check_cost, preflight
from runs.preflight.licences import licence_of, require_licence, state_licence
from runs.preflight.references import PACKAGES, TOKENIZER_FILES
from runs.preflight.results import CheckLevel, CheckResult, refuse

__all__ = [
    "PACKAGES",
    "TOKENIZER_FILES",
    "CheckLevel",
    "CheckResult",
    "check_cost",
    "licence_of",
    "preflight",
    "refuse",
    "require_licence",
    "state_licence",
]
