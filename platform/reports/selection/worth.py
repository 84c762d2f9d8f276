"""What labels that a model chose were worth in the studies of this installation, beside random ones."""

from functools import lru_cache

from planning.posterior import ChoiceFactor, Prior, fit_points, measured_factor
from planning.surfaces import Point
from reports.bills import StudyLedger
from reports.surfaces import recorded_students
from studies.models import ChosenBy, Example, Study


def choice_factor(*, prior: Prior, exclude_study: Study) -> ChoiceFactor:
    """The belief of the factor, learned from all other studies that have students of chosen labels."""
    chosen = Example.objects.exclude(chosen_by=ChosenBy.CHANCE).exclude(study=exclude_study)
    studies = Study.objects.filter(pk__in=chosen.values("study")).select_related("budget").order_by("pk")
    measured = [_measured(tuple(recorded_students(StudyLedger(study))), prior) for study in studies]
    return ChoiceFactor().learned([one for one in measured if one is not None])


@lru_cache(maxsize=64)
def _measured(points: tuple[Point, ...], prior: Prior) -> ChoiceFactor | None:
    """What one study says; None where it has no student of chosen labels, or none of random ones."""
    chosen = [point for point in points if point.cell.chosen]
    random = [point for point in points if not point.cell.chosen]
    if not chosen or not random:
        return None
    posterior = fit_points(points=random, prior=prior)
    return measured_factor(posterior=posterior, points=chosen, factor=ChoiceFactor())
