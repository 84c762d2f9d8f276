"""Few labels: heads on a checkpoint that is not trained, from label names and labelled rows, chosen without waste."""

from training.fewshot.encoder import FrozenEncoder
from training.fewshot.fitting import FrozenFit, FrozenStudy, UnitVectors
from training.fewshot.folds import stratified_folds
from training.fewshot.frozen_head import FrozenHead, LinearHead
from training.fewshot.judging import (
    HeldOutTags,
    TransitionsChoice,
    as_outputs,
    choose_transitions,
    errors_of,
    scores_of,
    tag_answers,
)
from training.fewshot.label_parts import PartHeads, heads_of_parts
from training.fewshot.linear import Prior, fit_logistic
from training.fewshot.model_selection import Candidate, Choice, choose
from training.fewshot.names import TEMPLATE, LabelText
from training.fewshot.recipes import OF_PAIRS, OF_TEXTS, Evidence, Recipe, recipes_for
from training.fewshot.store import VectorStore
from training.fewshot.tfidf import WordModel, fit_words

__all__ = [
    "OF_PAIRS",
    "OF_TEXTS",
    "TEMPLATE",
    "Candidate",
    "Choice",
    "Evidence",
    "FrozenEncoder",
    "FrozenFit",
    "FrozenHead",
    "FrozenStudy",
    "HeldOutTags",
    "LabelText",
    "LinearHead",
    "PartHeads",
    "Prior",
    "Recipe",
    "TransitionsChoice",
    "UnitVectors",
    "VectorStore",
    "WordModel",
    "as_outputs",
    "choose",
    "choose_transitions",
    "errors_of",
    "fit_logistic",
    "fit_words",
    "heads_of_parts",
    "recipes_for",
    "scores_of",
    "stratified_folds",
    "tag_answers",
]
