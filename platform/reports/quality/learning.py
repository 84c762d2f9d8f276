"""How each class is told by students of more and more labels."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from django.core.cache import cache

from reports.bills import StudyLedger
from reports.points import Point, points_of
from reports.quality.grading import AnswerReader, GradedAnswers
from reports.quality.student import named_scores
from runs.models import Artifact, Run
from runs.results import AnswerFile, ClassCounts, ClassScore
from studies.models import SnapshotItem, Study

MOST_STUDENTS = 12
MOST_CLASSES = 15
# A page and its chart are asked for at once, and read the same files.
_SECONDS_KEPT = 600


class CountedClasses(NamedTuple):
    """A student's classes in the study's order, lines of its answers that cannot be read, and whether more are left."""

    scores: Sequence[ClassScore]
    num_unreadable: int
    is_cut: bool


@dataclass(frozen=True, kw_only=True)
class TaughtClass:
    """A class of one student: how many labels of it taught the student or its teacher, and how well it is told."""

    label: str
    num_labels: int
    score: ClassScore


@dataclass(frozen=True, kw_only=True)
class CurveStudent:
    """A student on the curves; `taught` counts the labels of each class, by its place, that taught it."""

    point: Point
    artifact: Artifact
    taught: Counter[int]
    counted: CountedClasses


@dataclass(frozen=True, kw_only=True)
class LearningCurves:
    """The shown labels with their students, by path and labels.

    `num_left_out` students have a later one of the same cell, or fewer layers, or are too many; `num_unread` have no
    answers.
    """

    study: Study
    labels: Sequence[str]
    students: Sequence[CurveStudent]
    num_left_out: int
    num_unread: int

    @property
    def num_unreadable(self) -> int:
        """Lines of answers that cannot be read, of all students here."""
        return sum(student.counted.num_unreadable for student in self.students)

    @property
    def is_cut(self) -> bool:
        """Whether a student answered more examples than were read."""
        return any(student.counted.is_cut for student in self.students)

    @cached_property
    def places(self) -> dict[str, int]:
        """The shown labels with their places among the study's."""
        shown = set(self.labels)
        return {label: place for place, label in enumerate(self.study.labels) if label in shown}

    def classes_of(self, student: CurveStudent) -> list[TaughtClass]:
        """The shown classes of a student."""
        return [
            TaughtClass(label=label, num_labels=student.taught[place], score=student.counted.scores[place])
            for label, place in self.places.items()
        ]

    @property
    def rows(self) -> Iterator[tuple[str, list[TaughtClass]]]:
        """Each shown label with the class of each student."""
        return zip(self.labels, map(list, zip(*map(self.classes_of, self.students), strict=True)), strict=False)


def learning_curves(study: Study) -> LearningCurves:
    """Read the answers of a study's students, of each path, number of labels and of pseudo-labels the latest one.

    Students of fewer layers would make the curves jump; they are read where there are no others.
    """
    ledger = StudyLedger(study)
    found = points_of(ledger)
    alike = [one for one in found if not one.layers] or found
    cells = {(one.path, one.num_labels, one.num_pseudo_labels): one for one in sorted(alike, key=_made)}
    chosen = sorted(sorted(cells.values(), key=_made)[-MOST_STUDENTS:], key=_place)
    read = [one for one in (_read(ledger, point) for point in chosen) if one is not None]
    return LearningCurves(
        study=study,
        labels=_shown_labels(study, read),
        students=read,
        num_left_out=len(found) - len(chosen),
        num_unread=len(chosen) - len(read),
    )


def _made(point: Point) -> int:
    return point.artifact_id


def _place(point: Point) -> tuple[str, int, int]:
    return point.path, point.num_labels, point.num_pseudo_labels


def _read(ledger: StudyLedger, point: Point) -> CurveStudent | None:
    """Read a student's answers; None where its folder has none."""
    artifact = Artifact.objects.select_related("run__study").get(pk=point.artifact_id)
    try:
        counted = _counted(artifact)
    except OSError:
        return None
    return CurveStudent(point=point, artifact=artifact, taught=_taught(ledger, point.run_id), counted=counted)


def _counted(artifact: Artifact) -> CountedClasses:
    """Count a student's classes, or find them counted for this state of its file. Raises: OSError."""
    state = AnswerFile(artifact).path.stat()
    key = f"classes:{artifact.pk}:{state.st_mtime_ns}:{state.st_size}"
    found: CountedClasses | None = cache.get(key)
    if found is None:
        answers, counts = GradedAnswers(artifact), ClassCounts(is_exclusive=False)
        for row in answers:
            counts.add(gold=row.gold, predicted=row.predicted)
        scores = [one.score for one in named_scores(artifact.run.study, counts)]
        found = CountedClasses(scores=scores, num_unreadable=answers.num_unreadable, is_cut=answers.is_cut)
        cache.set(key, found, _SECONDS_KEPT)
    return found


def _taught(ledger: StudyLedger, run_id: int) -> Counter[int]:
    """Count the labels of each class that a run or its ancestors trained on, each example once."""
    snapshots = Run.objects.filter(pk__in=ledger.lineage(run_id=run_id)).values("snapshot")
    rows = SnapshotItem.objects.filter(snapshot__in=snapshots).order_by("example_id").distinct("example_id")
    reader = AnswerReader(study=ledger.study)
    return Counter(item[0] for value in rows.values_list("value", flat=True) for item in reader.items(value) or ())


def _shown_labels(study: Study, students: Sequence[CurveStudent]) -> list[str]:
    """All labels, or of too many those that occur most among the measured examples."""
    if len(study.labels) <= MOST_CLASSES or not students:
        return [*study.labels[:MOST_CLASSES]]
    frequent = sorted(students[-1].counted.scores, key=lambda score: -score.num_gold)[:MOST_CLASSES]
    return [study.labels[place] for place in sorted(score.place for score in frequent)]
