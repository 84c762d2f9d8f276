"""The task types that the engine knows, by name. Nothing here imports torch."""

from training.runtime import PermanentFailure
from training.tasks.base import BI_ENCODER, PAIR_POOLINGS, TOKEN, TaskType
from training.tasks.entity_extraction import EntityExtractionType
from training.tasks.multi_label_classification import MultiLabelClassificationType
from training.tasks.pair_classification import PairClassificationType
from training.tasks.question_answering import MarkedAnswerType, QuestionAnsweringType
from training.tasks.text_classification import TextClassificationType
from training.tasks.text_generation import TextGenerationType
from training.tasks.written import WrittenAnswerType

__all__ = [
    "BI_ENCODER",
    "PAIR_POOLINGS",
    "TASK_TYPES",
    "TOKEN",
    "MarkedAnswerType",
    "TaskType",
    "WrittenAnswerType",
    "task_type_named",
]

TASK_TYPES: dict[str, TaskType] = {
    one.name: one
    for one in (
        TextClassificationType(),
        PairClassificationType(),
        MultiLabelClassificationType(),
        EntityExtractionType(),
        TextGenerationType(),
        QuestionAnsweringType(),
    )
}


class TaskTypeUnknown(PermanentFailure):
    """A spec names a task type or a metric that the engine does not have."""


def task_type_named(*, name: str, metric: str) -> TaskType:
    """Look a task type up. Raises: TaskTypeUnknown (no such name, or it lacks the study's metric)."""
    if name not in TASK_TYPES:
        raise TaskTypeUnknown(f"spec.json, task_type: is {name!r}. Give one of {', '.join(sorted(TASK_TYPES))}.")
    task_type = TASK_TYPES[name]
    if metric not in task_type.metrics:
        raise TaskTypeUnknown(
            f"spec.json, evaluation.metric: is {metric!r}. {name} has {', '.join(task_type.metrics)}."
        )
    return task_type
