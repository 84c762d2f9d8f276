"""What a run is asked to do, checked. Nothing here imports torch."""

from training.spec.run_spec import RunSpec
from training.spec.settings import (
    GIT_REF,
    HUB_NAME,
    SEGMENTATION_CHOICES,
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
    "GIT_REF",
    "HUB_NAME",
    "SEGMENTATION_CHOICES",
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
