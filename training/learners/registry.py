"""Each task type's learner. A new task type has a line here."""

from typing import Any

import numpy as np

from training.answers import NO_TOKEN, WORD_TOKENS, Rows
from training.data import EncodedRows, Units, join_pair, split_pair
from training.learners.base import TaskLearner
from training.learners.entity_extraction import EntityExtractionLearner
from training.learners.multi_label_classification import MultiLabelClassificationLearner
from training.learners.pair_classification import PairClassificationLearner
from training.learners.text_classification import TextClassificationLearner
from training.tasks import TaskType

LEARNERS: dict[str, type[TaskLearner]] = {
    "text_classification": TextClassificationLearner,
    "pair_classification": PairClassificationLearner,
    "multi_label_classification": MultiLabelClassificationLearner,
    "entity_extraction": EntityExtractionLearner,
}


def learner_of(task_type: TaskType) -> TaskLearner:
    """Return the learner of a task type."""
    return LEARNERS[task_type.name](task_type)


def encode_rows(
    *, rows: Rows, task_type: TaskType, tokenizer: Any, max_length: int, pooling: str | None = None
) -> EncodedRows:
    """Tokenise rows once, unpadded; `pooling` is the model's, None of a text-to-text model."""
    inputs = learner_of(task_type).encode(
        tokenizer=tokenizer, columns=rows.columns, max_length=max_length, pooling=pooling or "mean"
    )
    lengths = np.array([sum(len(side.get("input_ids", ())) for side in split_pair(row)) for row in inputs])
    pad_values = {
        "attention_mask": 0,
        "input_ids": tokenizer.pad_token_id,
        "token_type_ids": getattr(tokenizer, "pad_token_type_id", 0),
        WORD_TOKENS: NO_TOKEN,
    }
    is_by_word = task_type.unit == "word"
    units = Units.of_words([row[WORD_TOKENS] for row in inputs]) if is_by_word else Units.one_per_row(len(inputs))
    return EncodedRows(
        inputs=inputs,
        lengths=lengths,
        units=units,
        pad_values=join_pair(pad_values, pad_values),
        columns=rows.columns,
    )
