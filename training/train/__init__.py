"""Training: the loop, what it minimises, the search for settings, and the second stage on gold labels."""

from training.train.gold import check_variety, gold_objective, report_unreadable, with_target_tokens
from training.train.objectives import SoftLoss, TokenLoss
from training.train.search import SearchResult, TrainingTrial, TrialResult, search_and_train
from training.train.setup import GoldStage, ModelLoader, TrainingSetup
from training.train.two_stage import FitResult, fit_classifier

__all__ = [
    "FitResult",
    "GoldStage",
    "ModelLoader",
    "SearchResult",
    "SoftLoss",
    "TokenLoss",
    "TrainingSetup",
    "TrainingTrial",
    "TrialResult",
    "check_variety",
    "fit_classifier",
    "gold_objective",
    "report_unreadable",
    "search_and_train",
    "with_target_tokens",
]
