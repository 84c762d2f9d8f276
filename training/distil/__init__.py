"""Distillation: soft labels, how sure their teacher is, which of them are kept, and token distributions."""

from training.distil.calibration import Decisions, calibrate, decisions_of, row_accuracy, row_confidence
from training.distil.confidence import DevConfidence, best_threshold
from training.distil.filtering import Selection, select
from training.distil.places import TopPlaces, place_decisions, window_teacher
from training.distil.soft_labels import (
    METADATA_FILE,
    PartialStore,
    SoftLabels,
    StorePlan,
    Writing,
    WrittenAnswers,
    num_top_outputs,
    read_metadata,
    read_soft_labels,
)
from training.distil.token_training import (
    learns_distributions,
    shares_tokens,
    taught_sources,
    token_objective,
    with_answers_alone,
)

__all__ = [
    "METADATA_FILE",
    "Decisions",
    "DevConfidence",
    "PartialStore",
    "Selection",
    "SoftLabels",
    "StorePlan",
    "TopPlaces",
    "Writing",
    "WrittenAnswers",
    "best_threshold",
    "calibrate",
    "decisions_of",
    "learns_distributions",
    "num_top_outputs",
    "place_decisions",
    "read_metadata",
    "read_soft_labels",
    "row_accuracy",
    "row_confidence",
    "select",
    "shares_tokens",
    "taught_sources",
    "token_objective",
    "window_teacher",
    "with_answers_alone",
]
