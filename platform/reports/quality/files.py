"""Quality as CSV, safe to open in a spreadsheet; scores are fractions."""

from collections.abc import Callable, Iterator

from reports.points import Point
from reports.quality.learning import LearningCurves
from reports.quality.student import StudentQuality
from runs.results import ClassScore, Interval
from tables.csv_lines import csv_lines

_SCORES = ("precision", "recall", "f1")


def class_csv(quality: StudentQuality) -> Iterator[str]:
    """Yield a row for each label of the study."""
    header = ["label", "gold", "predicted", "right", *_score_columns()]
    scores = ((one.label, one.score) for one in quality.classes)
    rows = ([label, one.num_gold, one.num_predicted, one.num_hits, *_score_cells(one)] for label, one in scores)
    return csv_lines(header=header, rows=rows)


def confusion_csv(quality: StudentQuality) -> Iterator[str]:
    """Yield a row for each pair of a gold and a predicted label that occurred; an empty cell is no label."""
    rows = ([one.gold, one.predicted, one.count, one.share] for one in quality.confusions or ())
    return csv_lines(header=["gold", "predicted", "count", "share_of_gold"], rows=rows)


def learning_csv(curves: LearningCurves, *, shows: Callable[[Point], bool] = lambda point: True) -> Iterator[str]:
    """Yield a row for each shown class of each student, of those that `shows` says."""
    header = ["student", "path", "labels", "pseudo_labels", "label", "labels_of_it", "gold", *_score_columns()]
    rows = (
        [
            student.point.artifact_id,
            student.point.path.value,
            student.point.num_labels,
            student.point.num_pseudo_labels,
            taught.label,
            taught.num_labels,
            taught.score.num_gold,
            *_score_cells(taught.score),
        ]
        for student in curves.students
        if shows(student.point)
        for taught in curves.classes_of(student)
    )
    return csv_lines(header=header, rows=rows)


def _score_columns() -> list[str]:
    return [f"{name}{side}" for name in _SCORES for side in ("", "_low", "_high")]


def _score_cells(score: ClassScore) -> list[object]:
    intervals: list[Interval | None] = [getattr(score, name) for name in _SCORES]
    return [side for one in intervals for side in ((one.value, one.low, one.high) if one else (None, None, None))]
