"""Training: the loop, what it minimises, the search for settings, and the second stage on gold labels."""

from training.train.contrast import Contrast, lacks_pairs
from training.train.gold import check_variety, gold_objective, report_unreadable
from training.train.objectives import MarkLoss, SoftLoss, TokenLoss
from training.train.own_answers import OwnAnswers, without_answers
from training.train.search import SearchResult, SeedSetup, TrainingTrial, TrialResult, search_and_train
from training.train.setup import GoldStage, ModelLoader, TrainingSetup, take_over
from training.train.two_stage import FitResult, fit_classifier
from training.train.vectors import VectorTarget, fitted_map

__all__ = [
    "Contrast",
    "FitResult",
    "GoldStage",
    "MarkLoss",
    "ModelLoader",
    "OwnAnswers",
    "SearchResult",
    "SeedSetup",
    "SoftLoss",
    "TokenLoss",
    "TrainingSetup",
    "TrainingTrial",
    "TrialResult",
    "VectorTarget",
    "check_variety",
    "fit_classifier",
    "fitted_map",
    "gold_objective",
    "lacks_pairs",
    "report_unreadable",
    "search_and_train",
    "take_over",
    "without_answers",
]
