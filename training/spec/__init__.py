"""What a run is asked to do, checked. Nothing here imports torch."""

from training.spec.run_spec import RunSpec
from training.spec.settings import (
    FILTERS,
    GIT_REF,
    HUB_NAME,
    PRECISIONS,
    SEGMENTATION_CHOICES,
    SOURCES,
    DataPaths,
    DistillationSettings,
    EvaluationSettings,
    ModelSource,
    SearchSettings,
    SpecInvalid,
    TrainingSettings,
    require,
)

__all__ = [
    "FILTERS",
    "GIT_REF",
    "HUB_NAME",
    "PRECISIONS",
    "SEGMENTATION_CHOICES",
    "SOURCES",
    "DataPaths",
    "DistillationSettings",
    "EvaluationSettings",
    "ModelSource",
    "RunSpec",
    "SearchSettings",
    "SpecInvalid",
    "TrainingSettings",
    "require",
]
