"""Policies: what to buy next, given prices and the scores seen."""

from planning.policy.advice import Advice, PriceKind, Question, advise, flips, least_visible
from planning.policy.fixed import FIXED_POLICIES, FixedPolicy
from planning.policy.forecasts import Forecast
from planning.policy.labels_alone import LabelsNeeded, labels_needed
from planning.policy.pilot import has_choice, pilot_of
from planning.policy.planner import Choice, choose
from planning.policy.sizes import (
    FEWEST,
    half_of_layers,
    larger_sizes,
    opinion_sizes,
    pseudo_sizes,
    rungs,
    smaller_sizes,
    verified_sizes,
)
from planning.policy.state import State
from planning.policy.words import Wording

__all__ = [
    "FEWEST",
    "FIXED_POLICIES",
    "Advice",
    "Choice",
    "FixedPolicy",
    "Forecast",
    "LabelsNeeded",
    "PriceKind",
    "Question",
    "State",
    "Wording",
    "advise",
    "choose",
    "flips",
    "half_of_layers",
    "has_choice",
    "labels_needed",
    "larger_sizes",
    "least_visible",
    "opinion_sizes",
    "pilot_of",
    "pseudo_sizes",
    "rungs",
    "smaller_sizes",
    "verified_sizes",
]
