"""Files of pre-trained models: in folders and in installed packages. Nothing here imports torch."""

from training.model_files.packaged import PACKAGED_MODELS
from training.model_files.packaged.base import is_installed
from training.model_files.weights import (
    SAFE_WEIGHTS,
    USE_SAFETENSORS,
    adapter_message,
    embeddings_message,
    find_fault,
    only_pickled,
    pickled_message,
)

__all__ = [
    "PACKAGED_MODELS",
    "SAFE_WEIGHTS",
    "USE_SAFETENSORS",
    "adapter_message",
    "embeddings_message",
    "find_fault",
    "is_installed",
    "only_pickled",
    "pickled_message",
]
