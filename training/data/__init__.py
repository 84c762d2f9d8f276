"""Data, up to the batches of a model: dataset folders and files, token ids, units, batches."""

from training.data.batches import Indices, collate, epoch_batches, scoring_batches
from training.data.encoded import (
    FROZEN_STATES,
    NO_ANSWER,
    PLACES,
    SECOND,
    Encoded,
    EncodedRows,
    HiddenStates,
    Windows,
    join_pair,
    paired,
    split_pair,
)
from training.data.leaks import report_leaks
from training.data.prompts import PromptFrame
from training.data.ragged import RaggedInts
from training.data.reading import DataInvalid, checked_rows, open_dataset, read_labelled
from training.data.stored_vectors import StoredVectors, unit_vectors, vector_column
from training.data.tabular import (
    FileCheck,
    FileInvalid,
    InputLine,
    LineAnswer,
    answer_rows,
    check_lines,
    is_csv,
    read_lines,
)
from training.data.token_labels import TokenLabels, from_lists, to_lists, token_labels_in
from training.data.tokens import tokenise, tokenise_windows, treat_marks_as_text
from training.data.top_outputs import (
    MOST_WHOLE_OUTPUTS,
    NUM_TOP_OUTPUTS,
    TAIL_TEMPERATURES,
    TopOutputs,
    log_probs_at,
    tail_at,
    tail_log_sums,
)
from training.data.units import UNSEEN, ModelOutputs, Units

__all__ = [
    "FROZEN_STATES",
    "MOST_WHOLE_OUTPUTS",
    "NO_ANSWER",
    "NUM_TOP_OUTPUTS",
    "PLACES",
    "SECOND",
    "TAIL_TEMPERATURES",
    "UNSEEN",
    "DataInvalid",
    "Encoded",
    "EncodedRows",
    "FileCheck",
    "FileInvalid",
    "HiddenStates",
    "Indices",
    "InputLine",
    "LineAnswer",
    "ModelOutputs",
    "PromptFrame",
    "RaggedInts",
    "StoredVectors",
    "TokenLabels",
    "TopOutputs",
    "Units",
    "Windows",
    "answer_rows",
    "check_lines",
    "checked_rows",
    "collate",
    "epoch_batches",
    "from_lists",
    "is_csv",
    "join_pair",
    "log_probs_at",
    "open_dataset",
    "paired",
    "read_labelled",
    "read_lines",
    "report_leaks",
    "scoring_batches",
    "split_pair",
    "tail_at",
    "tail_log_sums",
    "to_lists",
    "token_labels_in",
    "tokenise",
    "tokenise_windows",
    "treat_marks_as_text",
    "unit_vectors",
    "vector_column",
]
