"""What a finished or running run is used for: cards, comparisons, predictions, repeats, progress."""

from runs.results.answered import AnsweredRow, AnswerFile, measured_split, seed_answers
from runs.results.cards import CardMissing, LabelOrigins, card_of, card_written_at, missing_parts, write_card_file
from runs.results.choices import CandidateRecipe, RecipeChoice, recipe_choice
from runs.results.comparing import Comparison, NotComparable, compare
from runs.results.label_names import NamesNotScored, NamesScore, score_label_names
from runs.results.predicting import MOST_CHARACTERS, ModelAnswer, PredictionFailed, predict_to_file, try_model
from runs.results.repeating import NothingToRepeat, repeat
from runs.results.serving_speed import MEASURING_SECONDS, measure_serving
from runs.results.watching import (
    FILES,
    CurvePoint,
    curve_points,
    curve_version,
    first_step,
    loss_shown,
    run_file,
    settings_used,
    time_spent,
    versions_of,
    written_spec,
)
from training.answers import (
    BaselineComparison,
    ClassAnswers,
    ClassCounts,
    ClassScore,
    Difference,
    Interval,
    Item,
    Ratio,
    class_differences,
    compare_with_baseline,
    words_of_interval,
)
from training.reporting import CostLine, Costs

__all__ = [
    "FILES",
    "MEASURING_SECONDS",
    "MOST_CHARACTERS",
    "AnswerFile",
    "AnsweredRow",
    "BaselineComparison",
    "CandidateRecipe",
    "CardMissing",
    "ClassAnswers",
    "ClassCounts",
    "ClassScore",
    "Comparison",
    "CostLine",
    "Costs",
    "CurvePoint",
    "Difference",
    "Interval",
    "Item",
    "LabelOrigins",
    "ModelAnswer",
    "NamesNotScored",
    "NamesScore",
    "NotComparable",
    "NothingToRepeat",
    "PredictionFailed",
    "Ratio",
    "RecipeChoice",
    "card_of",
    "card_written_at",
    "class_differences",
    "compare",
    "compare_with_baseline",
    "curve_points",
    "curve_version",
    "first_step",
    "loss_shown",
    "measure_serving",
    "measured_split",
    "missing_parts",
    "predict_to_file",
    "recipe_choice",
    "repeat",
    "run_file",
    "score_label_names",
    "seed_answers",
    "settings_used",
    "time_spent",
    "try_model",
    "versions_of",
    "words_of_interval",
    "write_card_file",
    "written_spec",
]
