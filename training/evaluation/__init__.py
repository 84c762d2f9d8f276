"""Models at work: outputs for rows, metrics with intervals, answers to files and to single questions."""

from training.evaluation.answering import answer_lines
from training.evaluation.evaluator import Evaluator, read_splits
from training.evaluation.limits import watch_limits
from training.evaluation.marking import PlaceScores
from training.evaluation.metrics import PartAnswers, SplitAnswers, bootstrap, metric_value, split_metrics
from training.evaluation.outputs import (
    Decoding,
    EncodedSplit,
    SplitPredictions,
    generate_answers,
    predict_answers,
    predict_logits,
    predict_places,
    score_in_batches,
)
from training.evaluation.predict import Listener, Predictor, load_predictor, predict_file
from training.evaluation.similarity import BertScore, with_similarity

__all__ = [
    "BertScore",
    "Decoding",
    "EncodedSplit",
    "Evaluator",
    "Listener",
    "PartAnswers",
    "PlaceScores",
    "Predictor",
    "SplitAnswers",
    "SplitPredictions",
    "answer_lines",
    "bootstrap",
    "generate_answers",
    "load_predictor",
    "metric_value",
    "predict_answers",
    "predict_file",
    "predict_logits",
    "predict_places",
    "read_splits",
    "score_in_batches",
    "split_metrics",
    "watch_limits",
    "with_similarity",
]
