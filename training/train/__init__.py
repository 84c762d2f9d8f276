"""Training: the loop, what it minimises, the search for settings, and the second stage on gold labels."""

from training.train.gold import check_variety, gold_objective, with_target_tokens
from training.train.objectives import SoftLoss, TokenLoss
from training.train.search import SearchResult, search_and_train
from training.train.setup import GoldStage, ModelLoader, TrainingSetup

__all__ = [
    "GoldStage",
    "ModelLoader",
    "SearchResult",
    "SoftLoss",
    "TokenLoss",
    "TrainingSetup",
    "check_variety",
    "gold_objective",
    "search_and_train",
    "with_target_tokens",
]
