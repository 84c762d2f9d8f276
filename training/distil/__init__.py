"""Distillation: soft labels, how sure their teacher is, which of them are kept, and token distributions."""

from training.distil.calibration import calibrate, decisions_of, row_accuracy, row_confidence
from training.distil.confidence import Surety, best_threshold
from training.distil.filtering import Selection, select
from training.distil.soft_labels import (
    METADATA_FILE,
    PartialStore,
    SoftLabels,
    StorePlan,
    read_metadata,
    read_soft_labels,
)
from training.distil.token_training import learns_tokens, token_lesson

__all__ = [
    "METADATA_FILE",
    "PartialStore",
    "Selection",
    "SoftLabels",
    "StorePlan",
    "Surety",
    "best_threshold",
    "calibrate",
    "decisions_of",
    "learns_tokens",
    "read_metadata",
    "read_soft_labels",
    "row_accuracy",
    "row_confidence",
    "select",
    "token_lesson",
]
