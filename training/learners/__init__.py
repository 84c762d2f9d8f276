"""How each task type is learned, and the classifiers that come of it."""

from training.learners.artifact import (
    Classifier,
    LabelMap,
    is_artifact,
    load_classifier,
    read_label_map,
    save_classifier,
)
from training.learners.base import TaskLearner
from training.learners.held_out import HeldOut
from training.learners.marked_answers import covering, gold_spans, num_places, places_in, window_targets
from training.learners.registry import encode_rows, learner_of
from training.learners.tag_transitions import TagTransitions, has_transitions, row_tags
from training.learners.target_tokens import num_cut, with_gold_tokens, with_target_tokens

__all__ = [
    "Classifier",
    "HeldOut",
    "LabelMap",
    "TagTransitions",
    "TaskLearner",
    "covering",
    "encode_rows",
    "gold_spans",
    "has_transitions",
    "is_artifact",
    "learner_of",
    "load_classifier",
    "num_cut",
    "num_places",
    "places_in",
    "read_label_map",
    "row_tags",
    "save_classifier",
    "window_targets",
    "with_gold_tokens",
    "with_target_tokens",
]
