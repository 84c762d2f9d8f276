"""The kinds of problems the engine trains for."""

from training.failures import PermanentFailure
from training.task_types.base import TaskType
from training.task_types.entity_extraction import EntityExtraction
from training.task_types.multi_label_classification import MultiLabelClassification
from training.task_types.pair_classification import PairClassification
from training.task_types.text_classification import TextClassification

TASK_TYPES: dict[str, TaskType] = {
    TextClassification.name: TextClassification(),
    PairClassification.name: PairClassification(),
    MultiLabelClassification.name: MultiLabelClassification(),
    EntityExtraction.name: EntityExtraction(),
}


class TaskTypeUnknown(PermanentFailure):
    """A spec names a task type or a metric that the engine does not have."""


def task_type_named(*, name: str, metric: str) -> TaskType:
    """Look up a task type and make sure that it knows the study's metric.

    Parameters
    ----------
    name
        a key of `TASK_TYPES`.
    metric
        one of the task type's metrics.

    Returns
    -------
    The task type.

    Raises
    ------
    TaskTypeUnknown: either is not known.
    """
    if name not in TASK_TYPES:
        raise TaskTypeUnknown(f"spec.json, task_type: is {name!r}. Give one of {', '.join(sorted(TASK_TYPES))}.")
    task_type = TASK_TYPES[name]
    if metric not in task_type.metrics:
        raise TaskTypeUnknown(
            f"spec.json, evaluation.metric: is {metric!r}. {name} has {', '.join(task_type.metrics)}."
        )
    return task_type
