"""Models at work: outputs for rows, metrics with intervals, answers to files and to single questions."""

from training.evaluation.evaluator import EncodedSplit, Evaluator, SplitPredictions, read_splits
from training.evaluation.limits import watch_limits
from training.evaluation.metrics import PartAnswers, SplitAnswers, bootstrap, split_metrics
from training.evaluation.outputs import generate_answers, predict_logits
from training.evaluation.predict import Listener, predict_file
from training.evaluation.serving import answer_lines

__all__ = [
    "EncodedSplit",
    "Evaluator",
    "Listener",
    "PartAnswers",
    "SplitAnswers",
    "SplitPredictions",
    "answer_lines",
    "bootstrap",
    "generate_answers",
    "predict_file",
    "predict_logits",
    "read_splits",
    "split_metrics",
    "watch_limits",
]
