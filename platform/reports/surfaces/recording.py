"""A study's students as a recorded surface, without its names."""

from collections.abc import Iterator, Set

from django.utils.crypto import salted_hmac

from budgets.models import Path
from config.refusals import Refusal
from planning.surfaces import SDS_IN_INTERVAL, TEACHER, Cell, Point, Surface, write_surfaces
from reports.bills import StudyLedger
from reports.points import points_of
from runs.models import ArtifactKind, Evaluation
from runs.queries import self_taught_runs
from studies.models import Split, Study

_SALT = "reports.surfaces"
_PERCENT = 100


class NothingRecorded(Refusal):
    """A study has no student that a surface could hold."""


def surface_of(ledger: StudyLedger) -> Surface | None:
    """The surface of a study's students, and of its teachers where they were evaluated; None without a student.

    It has no name of the study or of a label: it is called by its task type and a code that only this installation can
    make, the same each time.
    """
    others = self_taught_runs(ledger.study)
    # A surface is of random labels, and of students of all layers.
    students = [point for point in _students(ledger, others) if not point.cell.chosen]
    if not students:
        return None
    code = salted_hmac(_SALT, str(ledger.study.pk)).hexdigest()[:8]
    name = f"{ledger.study.definition.title} {code}"
    return Surface(name=name, points=(*students, *_teachers(ledger, others)))


def recorded_students(ledger: StudyLedger) -> list[Point]:
    """A study's students of all layers and the usual teacher, those included whose labels a model chose."""
    return list(_students(ledger, self_taught_runs(ledger.study)))


def surface_csv(study: Study) -> str:
    """Write a study's surface in the form that replay reads. Raises: NothingRecorded."""
    surface = surface_of(StudyLedger(study))
    if surface is None:
        raise NothingRecorded(f"No student of “{study}” is trained and evaluated yet. Start a run first.")
    source = f"a study in Fulcrum: {study.get_metric_display()}, amounts in {study.budget.currency}"
    return write_surfaces(surfaces=[surface], source=source)


def _students(ledger: StudyLedger, others: Set[int]) -> Iterator[Point]:
    """All but those of fewer layers, of labels with second opinions, and of runs in `others`, of another teacher."""
    for point in points_of(ledger):
        # A distilled student of no pseudo-label would stand for one of the annotate path, one that a language model
        # taught for one of a fine-tuned teacher, and its labels for people's.
        is_of_its_path = (point.path == Path.ANNOTATE) == (point.num_pseudo_labels == 0)
        is_usual = point.run_id not in others and not point.layers and not point.num_opinions
        if is_usual and is_of_its_path and not point.is_from_language_model and not point.num_by_model:
            cell = Cell(point.num_labels, point.num_pseudo_labels, chosen=point.num_chosen)
            yield _point(cell, float(point.dollars), point.utility, point.high - point.low)


def _teachers(ledger: StudyLedger, others: Set[int]) -> Iterator[Point]:
    study = ledger.study
    evaluations = (
        Evaluation.objects.comparable()
        .filter(artifact__run__study=study, artifact__kind=ArtifactKind.TEACHER, split=Split.TEST, metric=study.metric)
        .select_related("artifact")
    )
    for one in evaluations.exclude(artifact__run__in=others):
        run_id = one.artifact.run_id
        labels = ledger.labels(run_id=run_id)
        if labels.num_chosen or labels.num_opinions:
            continue
        cell = Cell(labels.num, TEACHER)
        yield _point(cell, float(ledger.bill(run_id=run_id).total), one.value, one.high - one.low)


def _point(cell: Cell, dollars: float, value: float, width: float) -> Point:
    """A point in percent; `value` and the `width` of its interval are fractions."""
    sd = width * _PERCENT / SDS_IN_INTERVAL
    return Point(cell=cell, dollars=dollars, score=value * _PERCENT, sd=sd or None)
