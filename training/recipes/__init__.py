"""Recipes: how a model comes of gold labels and of what labels say of themselves, asked for or chosen on the labels."""

from training.recipes.baselines import few_label_baselines
from training.recipes.following import RecipeUnusable, no_head_for, train_by_recipe
from training.recipes.head_start import (
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
from training.recipes.run import RecipeRun
from training.recipes.tag_order import learned_transitions, with_transitions, with_transitions_by_dev

__all__ = [
    "OF_NAMES",
    "HeadRows",
    "HeadStart",
    "NothingKnown",
    "RecipeRun",
    "RecipeUnusable",
    "few_label_baselines",
    "fit_head",
    "frozen_study",
    "head_choice",
    "head_pooling",
    "head_rows",
    "learned_transitions",
    "no_head_for",
    "train_by_recipe",
    "with_transitions",
    "with_transitions_by_dev",
]
