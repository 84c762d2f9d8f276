"""Data on its way to a model: dataset folders and files, token ids, units, batches."""

from training.data.batches import Indices, collate, epoch_batches, scoring_batches
from training.data.encoded import Encoded, EncodedRows
from training.data.hidden import FROZEN_STATES, HiddenStates
from training.data.leaks import tell_leaks
from training.data.pairs import joined_sides, parted_sides
from training.data.reading import DataInvalid, checked_rows, open_dataset, read_labelled
from training.data.tabular import Answer, Line, LinesCheck, LinesInvalid, check_lines, is_csv, read_lines, writer_of
from training.data.token_labels import TokenLabels, token_labels_in
from training.data.tokens import cut, reading_marks_as_text
from training.data.units import UNSEEN, Outputs, Units

__all__ = [
    "FROZEN_STATES",
    "UNSEEN",
    "Answer",
    "DataInvalid",
    "Encoded",
    "EncodedRows",
    "HiddenStates",
    "Indices",
    "Line",
    "LinesCheck",
    "LinesInvalid",
    "Outputs",
    "TokenLabels",
    "Units",
    "check_lines",
    "checked_rows",
    "collate",
    "cut",
    "epoch_batches",
    "is_csv",
    "joined_sides",
    "open_dataset",
    "parted_sides",
    "read_labelled",
    "read_lines",
    "reading_marks_as_text",
    "scoring_batches",
    "tell_leaks",
    "token_labels_in",
    "writer_of",
]
