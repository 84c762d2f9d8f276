"""What is believed of a surface, given the scores seen: curves, priors, likelihood and sequential Monte Carlo."""

from planning.posterior.chosen_labels import ChoiceFactor, measured_factor
from planning.posterior.curves import from_even, to_even
from planning.posterior.fit import Bank, Posterior, Worlds, fit_points, prior_from
from planning.posterior.model_labels import LabelAccuracy, worlds_with_model_labels
from planning.posterior.other_students import worlds_with_others
from planning.posterior.priors import Prior, learned_prior, vague_prior
from planning.posterior.second_opinions import (
    LEAST_PAIRS,
    AnsweredTwice,
    LabelErrors,
    counted_points,
    worlds_with_opinions,
)
from planning.posterior.verified_labels import (
    LabelOrder,
    LeastSure,
    accuracy_left,
    errors_found,
    least_sure,
    num_compared,
)

__all__ = [
    "LEAST_PAIRS",
    "AnsweredTwice",
    "Bank",
    "ChoiceFactor",
    "LabelAccuracy",
    "LabelErrors",
    "LabelOrder",
    "LeastSure",
    "Posterior",
    "Prior",
    "Worlds",
    "accuracy_left",
    "counted_points",
    "errors_found",
    "fit_points",
    "from_even",
    "learned_prior",
    "least_sure",
    "measured_factor",
    "num_compared",
    "prior_from",
    "to_even",
    "vague_prior",
    "worlds_with_model_labels",
    "worlds_with_opinions",
    "worlds_with_others",
]
