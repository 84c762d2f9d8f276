"""Quality to look at: the classes, confusions and slices of one model, and learning curves over a study's students."""

from reports.quality.differences import Differing, DifferingRow, differing
from reports.quality.files import class_csv, confusion_csv, learning_csv
from reports.quality.grading import MOST_ROWS, GradedRow
from reports.quality.learning import MOST_CLASSES, LearningCurves, learning_curves
from reports.quality.slices import FEWEST_EXAMPLES
from reports.quality.steps import LastStep, last_step
from reports.quality.student import MOST_IN_MATRIX, NO_ANSWER, NoAnswers, StudentQuality, quality_of

__all__ = [
    "FEWEST_EXAMPLES",
    "MOST_CLASSES",
    "MOST_IN_MATRIX",
    "MOST_ROWS",
    "NO_ANSWER",
    "Differing",
    "DifferingRow",
    "GradedRow",
    "LastStep",
    "LearningCurves",
    "NoAnswers",
    "StudentQuality",
    "class_csv",
    "confusion_csv",
    "differing",
    "last_step",
    "learning_csv",
    "learning_curves",
    "quality_of",
]
