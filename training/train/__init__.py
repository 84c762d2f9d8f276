"""Training: the loop, what it minimises, the search for settings, and the second stage on gold labels."""

from training.train.gold import check_variety, gold_lesson, taught_rows
from training.train.objectives import GoldLoss, SoftLoss, TokenLoss
from training.train.search import Trained, search_and_train
from training.train.setup import GoldStage, Lesson, Start

__all__ = [
    "GoldLoss",
    "GoldStage",
    "Lesson",
    "SoftLoss",
    "Start",
    "TokenLoss",
    "Trained",
    "check_variety",
    "gold_lesson",
    "search_and_train",
    "taught_rows",
]
