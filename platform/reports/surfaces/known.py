"""All surfaces that this installation knows: what a planner's prior may learn from."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from django.db.models import Exists, OuterRef

from planning.surfaces import Surface, distinct_surfaces, published_surfaces
from reports.bills import LedgerRows, StudyLedger
from reports.surfaces.importing import imported_surfaces
from reports.surfaces.recording import surface_of
from runs.models import Evaluation, Run, RunState
from studies.models import Study

# Fewer say little of a curve.
FEWEST_CELLS = 4


@dataclass(frozen=True, kw_only=True)
class KnownSurface:
    """A surface and where it is from: "shipped", "imported" or "own study"."""

    origin: str
    surface: Surface


def known_surfaces(*, exclude_study: Study | None = None) -> list[Surface]:
    """All surfaces to learn a prior from, each task once: shipped, imported, and of this installation's own studies.

    Own ones are of studies without a run under way that have students at `FEWEST_CELLS` different numbers of labels and
    pseudo-labels or more. What `exclude_study` recorded is left out, also where it was exported and imported again.
    """
    own = surface_of(StudyLedger(exclude_study)) if exclude_study else None
    return distinct_surfaces((one.surface for one in all_surfaces()), besides=[own] if own else [])


def all_surfaces() -> list[KnownSurface]:
    """All surfaces with their origin; a task may be there twice. Imported ones that cannot be read are left out."""
    origins = {
        "shipped": published_surfaces(),
        "imported": imported_surfaces().surfaces,
        "own study": list(_own_surfaces()),
    }
    return [KnownSurface(origin=origin, surface=one) for origin, found in origins.items() for one in found]


def _own_surfaces() -> Iterator[Surface]:
    studies = _finished_studies()
    rows = LedgerRows(studies)
    for study in studies:
        surface = surface_of(StudyLedger(study, read=rows))
        if surface is not None and _num_students(surface) >= FEWEST_CELLS:
            yield surface


def _finished_studies() -> Sequence[Study]:
    """Studies that have an evaluated model and no run that has not ended."""
    of_study = Run.objects.filter(study=OuterRef("pk"))
    is_measured = Evaluation.objects.filter(artifact__run__study=OuterRef("pk"))
    studies = Study.objects.filter(Exists(is_measured), ~Exists(of_study.exclude(state__in=RunState.ended())))
    return list(studies.select_related("budget").order_by("pk"))


def _num_students(surface: Surface) -> int:
    return int((~surface.cells.is_teacher).sum())
