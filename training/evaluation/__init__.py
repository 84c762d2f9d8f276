"""Models at work: outputs for rows, metrics with intervals, answers to files and to single questions."""

from training.evaluation.evaluator import Answers, Examiner, Split, read_splits
from training.evaluation.generation import Said, write_answers
from training.evaluation.metrics import Interval, bootstrap, predict_logits
from training.evaluation.predict import Listener, load_predictor, predict_file
from training.evaluation.serving import answer_lines

__all__ = [
    "Answers",
    "Examiner",
    "Interval",
    "Listener",
    "Said",
    "Split",
    "answer_lines",
    "bootstrap",
    "load_predictor",
    "predict_file",
    "predict_logits",
    "read_splits",
    "write_answers",
]
