"""What a run is asked to do, checked. Nothing here imports torch."""

from training.spec.declaring import FormGroup, Setting, Settings, SpecInvalid, like, setting, settings_of
from training.spec.run_spec import RunSpec
from training.spec.settings import (
    GIT_REF,
    HUB_NAME,
    SOURCES,
    DataPaths,
    DistillationSettings,
    DistilTraining,
    EvaluationSettings,
    ModelSource,
    SearchSettings,
    SharedSearch,
    SharedTraining,
    StudentTraining,
    TrainingSettings,
    require,
)

__all__ = [
    "GIT_REF",
    "HUB_NAME",
    "SOURCES",
    "DataPaths",
    "DistilTraining",
    "DistillationSettings",
    "EvaluationSettings",
    "FormGroup",
    "ModelSource",
    "RunSpec",
    "SearchSettings",
    "Setting",
    "Settings",
    "SharedSearch",
    "SharedTraining",
    "SpecInvalid",
    "StudentTraining",
    "TrainingSettings",
    "like",
    "require",
    "setting",
    "settings_of",
]
