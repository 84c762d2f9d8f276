"""Written answers: texts instead of labels, how they are given, and how close they are to what was expected."""

from training.answers.written.deciding import all_written, most_written
from training.answers.written.overlap import Similarity, bert_ibleu, overlap_scores, overlap_table, rouge_l
from training.answers.written.questions import exact_match, normalised, question_scores, question_table, token_f1
from training.answers.written.texts import (
    NO_START,
    Written,
    checked_texts,
    given_texts,
    in_passage,
    written_in,
    written_to_json,
)

__all__ = [
    "NO_START",
    "Similarity",
    "Written",
    "all_written",
    "bert_ibleu",
    "checked_texts",
    "exact_match",
    "given_texts",
    "in_passage",
    "most_written",
    "normalised",
    "overlap_scores",
    "overlap_table",
    "question_scores",
    "question_table",
    "rouge_l",
    "token_f1",
    "written_in",
    "written_to_json",
]
