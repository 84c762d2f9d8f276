"""Files of pre-trained models: in folders and in installed packages. Nothing here imports torch."""

from training.model_files.packaged import CARRIERS
from training.model_files.weights import (
    SAFE_WEIGHTS,
    USE_SAFETENSORS,
    fault_of,
    only_pickled,
    pickled_refusal,
    tables_refusal,
)

__all__ = [
    "CARRIERS",
    "SAFE_WEIGHTS",
    "USE_SAFETENSORS",
    "fault_of",
    "only_pickled",
    "pickled_refusal",
    "tables_refusal",
]
