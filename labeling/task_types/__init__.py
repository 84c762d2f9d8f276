"""The kinds of problems that can be labelled: the same keys as the engine's."""

from labeling.task_types.base import LabelingTaskType, Result, ResultInvalid
from labeling.task_types.entity_extraction import EntityExtraction
from labeling.task_types.multi_label_classification import MultiLabelClassification
from labeling.task_types.pair_classification import PairClassification
from labeling.task_types.text_classification import TextClassification

__all__ = ["LABELING_TASK_TYPES", "LabelingTaskType", "Result", "ResultInvalid"]

LABELING_TASK_TYPES: dict[str, LabelingTaskType] = {
    TextClassification.name: TextClassification(),
    PairClassification.name: PairClassification(),
    MultiLabelClassification.name: MultiLabelClassification(),
    EntityExtraction.name: EntityExtraction(),
}
