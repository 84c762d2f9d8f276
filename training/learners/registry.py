"""Each task type's learner. A new task type has a line here."""

from collections.abc import Callable
from typing import Any

import numpy as np

from training.answers import NO_TOKEN, WORD_TOKENS, Rows
from training.data import Encoded, EncodedRows, PromptFrame, RaggedInts, Units, join_pair, split_pair
from training.learners.base import TaskLearner
from training.learners.entity_extraction import EntityExtractionLearner
from training.learners.marked_answers import MarkedAnswerLearner, encode_windows
from training.learners.multi_label_classification import MultiLabelClassificationLearner
from training.learners.pair_classification import PairClassificationLearner
from training.learners.tag_transitions import TagTransitions
from training.learners.text_classification import TextClassificationLearner
from training.learners.written_answers import WrittenAnswerLearner, prompts_of
from training.tasks import TOKEN, TaskType

LEARNERS: dict[str, type[TaskLearner]] = {
    "text_classification": TextClassificationLearner,
    "pair_classification": PairClassificationLearner,
    "multi_label_classification": MultiLabelClassificationLearner,
    "entity_extraction": EntityExtractionLearner,
    "text_generation": WrittenAnswerLearner,
    "question_answering": WrittenAnswerLearner,
}
# Of a task type in another segmentation than its usual one, where it is learned in another way.
SEGMENTED_LEARNERS: dict[tuple[str, str], type[TaskLearner]] = {("question_answering", TOKEN): MarkedAnswerLearner}

ROWS_PER_BLOCK = 1024


def learner_of(task_type: TaskType, transitions: TagTransitions | None = None) -> TaskLearner:
    """Return the learner of a task type; of tags, `transitions` are what it decodes by beside the outputs."""
    own = SEGMENTED_LEARNERS.get((task_type.name, task_type.segmentation))
    return (own or LEARNERS[task_type.name])(task_type, transitions)


def encode_rows(
    *,
    rows: Rows,
    task_type: TaskType,
    tokenizer: Any,
    max_length: int,
    pooling: str | None = None,
    frame: PromptFrame | None = None,
) -> EncodedRows:
    """Tokenise rows once, unpadded; `pooling` is the model's, None of a text-to-text model.

    A `frame` is what a decoder-only model has around a text. Of answers that are marked, the rows are windows.
    """
    if task_type.unit == TOKEN:
        return encode_windows(rows=rows, tokenizer=tokenizer, max_length=max_length)
    learner = learner_of(task_type)

    def encode(columns: dict[str, list[str]]) -> list[Encoded]:
        if frame is not None:
            return frame.around(tokenizer, prompts_of(task_type, columns), max_length=max_length)
        return learner.encode(tokenizer=tokenizer, columns=columns, max_length=max_length, pooling=pooling or "mean")

    inputs = _encoded_in_blocks(rows, encode)
    lengths = sum((side["input_ids"].lengths for side in split_pair(inputs) if side), np.zeros(len(rows), np.int64))
    pad_values = {
        "attention_mask": 0,
        "input_ids": tokenizer.pad_token_id,
        "token_type_ids": getattr(tokenizer, "pad_token_type_id", 0),
        WORD_TOKENS: NO_TOKEN,
    }
    is_by_word = task_type.unit == "word"
    return EncodedRows(
        inputs=inputs,
        lengths=lengths,
        units=Units.of_positions(inputs[WORD_TOKENS]) if is_by_word else Units.one_per_row(len(rows)),
        pad_values=join_pair(pad_values, pad_values),
        columns=rows.columns if pooling is None else {},
    )


def _encoded_in_blocks(rows: Rows, encode: Callable[[dict[str, list[str]]], list[Encoded]]) -> dict[str, RaggedInts]:
    """Encode some rows at a time: as Python lists, all of them together would fill the memory."""
    blocks: dict[str, list[RaggedInts]] = {}
    for start in range(0, len(rows), ROWS_PER_BLOCK):
        columns = {name: texts[start : start + ROWS_PER_BLOCK] for name, texts in rows.columns.items()}
        encoded = encode(columns)
        for name in encoded[0]:
            blocks.setdefault(name, []).append(RaggedInts.of([row[name] for row in encoded]))
    return {name: RaggedInts.joined(blocks.pop(name)) for name in list(blocks)}
