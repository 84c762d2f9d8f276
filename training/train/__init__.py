"""Training: the loop, what it minimises, the search for settings, and the second stage on gold labels."""

from training.train.few_baselines import few_label_baselines
from training.train.gold import check_variety, gold_objective, with_target_tokens
from training.train.head_start import (
    OF_NAMES,
    HeadRows,
    HeadStart,
    NothingKnown,
    fit_head,
    frozen_study,
    head_choice,
    head_pooling,
    head_rows,
)
from training.train.objectives import SoftLoss, TokenLoss
from training.train.recipe_run import RecipeRun
from training.train.recipes import RecipeUnusable, no_head_for, train_by_recipe
from training.train.search import SearchResult, search_and_train
from training.train.setup import GoldStage, ModelLoader, TrainingSetup

__all__ = [
    "OF_NAMES",
    "GoldStage",
    "HeadRows",
    "HeadStart",
    "ModelLoader",
    "NothingKnown",
    "RecipeRun",
    "RecipeUnusable",
    "SearchResult",
    "SoftLoss",
    "TokenLoss",
    "TrainingSetup",
    "check_variety",
    "few_label_baselines",
    "fit_head",
    "frozen_study",
    "gold_objective",
    "head_choice",
    "head_pooling",
    "head_rows",
    "no_head_for",
    "search_and_train",
    "train_by_recipe",
    "with_target_tokens",
]
