"""What a finished or running run is used for: cards, comparisons, predictions, repeats, progress."""

from runs.results.cards import CardMissing, CostLine, Costs, LabelOrigins, card_of, card_written_at, write_card_file
from runs.results.comparing import Comparison, NotComparable, compare
from runs.results.model_parts import missing_parts
from runs.results.predicting import MOST_CHARACTERS, ModelAnswer, PredictionFailed, predict_to_file, try_model
from runs.results.repeating import NothingToRepeat, Repeat, RepeatFailed, repeat
from runs.results.run_settings import settings_used
from runs.results.watching import (
    FILES,
    CurvePoint,
    curve_points,
    curve_version,
    first_step,
    loss_shown,
    run_file,
    time_spent,
    versions_of,
    written_spec,
)

__all__ = [
    "FILES",
    "MOST_CHARACTERS",
    "CardMissing",
    "Comparison",
    "CostLine",
    "Costs",
    "CurvePoint",
    "LabelOrigins",
    "ModelAnswer",
    "NotComparable",
    "NothingToRepeat",
    "PredictionFailed",
    "Repeat",
    "RepeatFailed",
    "card_of",
    "card_written_at",
    "compare",
    "curve_points",
    "curve_version",
    "first_step",
    "loss_shown",
    "missing_parts",
    "predict_to_file",
    "repeat",
    "run_file",
    "settings_used",
    "time_spent",
    "try_model",
    "versions_of",
    "write_card_file",
    "written_spec",
]
