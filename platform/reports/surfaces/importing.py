"""Surfaces that were recorded elsewhere: read from a file, and kept."""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from django.db import transaction

from accounts.audit import record
from accounts.models import User
from accounts.permissions import Action, require
from config.refusals import Refusal
from planning.surfaces import BadSurface, ReadTasks, Surface, read_surfaces, read_tasks, write_surfaces
from reports.models import ImportedSurface

_LONGEST_NAME = 200
# A fit takes the square of it in memory, in every worker that recommends.
_MOST_POINTS = 1_000


class SurfaceFileRefused(Refusal):
    """A file of surfaces cannot be read; the message says where and how to mend it."""


@dataclass(frozen=True, kw_only=True)
class ImportOutcome:
    """The surfaces that are new, and how many were here already; of each task that is left out, why."""

    new: Sequence[ImportedSurface]
    num_known: int
    left_out: Sequence[str]


@dataclass(frozen=True, kw_only=True)
class UnreadableSurface:
    """An imported surface that this version cannot read, and why."""

    name: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class ReadSurfaces:
    """Imported surfaces, and those that cannot be read."""

    surfaces: Sequence[Surface]
    unreadable: Sequence[UnreadableSurface]


def read_surface_file(file: Path) -> ReadTasks:
    """Read a file of surfaces; a task that cannot be read harms itself only. Raises: SurfaceFileRefused."""
    try:
        return read_tasks(text=file.read_text(encoding="utf-8"), name=str(file))
    except OSError as error:
        raise SurfaceFileRefused(f"{file}: {error.strerror}. Name a file that can be read.") from error
    except UnicodeDecodeError as error:
        raise SurfaceFileRefused(f"{file}: it is not UTF-8 text. Save it as CSV in UTF-8.") from error
    except BadSurface as error:
        raise SurfaceFileRefused(str(error)) from error


@transaction.atomic
def import_surfaces(*, actor: User, file: Path) -> ImportOutcome:
    """Keep the surfaces of a file; one whose points are here already is not kept again, one that is bad harms no other.

    Raises: SurfaceFileRefused where none can be kept; Forbidden.
    """
    require(actor=actor, action=Action.IMPORT_SURFACES)
    read = read_surface_file(file)
    wrong = {surface.name: reason for surface in read.surfaces if (reason := _beyond_limits(surface, file))}
    left_out = [*read.left_out, *wrong.values()]
    kept = [_kept(actor, surface) for surface in read.surfaces if surface.name not in wrong]
    if not kept:
        raise SurfaceFileRefused("\n".join(left_out))
    new = [one for one, is_new in kept if is_new]
    return ImportOutcome(new=new, num_known=len(kept) - len(new), left_out=left_out)


def imported_surfaces() -> ReadSurfaces:
    """All surfaces that were imported, the earliest first; one that cannot be read harms itself only."""
    found, unreadable = list[Surface](), list[UnreadableSurface]()
    for row in ImportedSurface.objects.order_by("pk"):
        try:
            found += read_surfaces(text=row.content, name=row.name)
        except BadSurface as error:
            unreadable.append(UnreadableSurface(name=row.name, reason=str(error)))
    return ReadSurfaces(surfaces=found, unreadable=unreadable)


def _beyond_limits(surface: Surface, file: Path) -> str:
    """Why a surface is not kept; empty where it is."""
    if len(surface.name) > _LONGEST_NAME:
        return f"{file}: the name of the task “{surface.name[:40]}…” has over {_LONGEST_NAME} characters. Shorten it."
    if len(surface.points) > _MOST_POINTS:
        return (
            f"{file}: the task “{surface.name[:40]}” has {len(surface.points):,} points; the maximum is "
            f"{_MOST_POINTS:,}. Leave some out."
        )
    return ""


def _kept(actor: User, surface: Surface) -> tuple[ImportedSurface, bool]:
    content = write_surfaces(surfaces=[surface], source="imported")
    # Of the points alone: the same ones under another name are the same surface.
    nameless = write_surfaces(surfaces=[Surface(name="-", points=surface.points)], source="")
    kept, is_new = ImportedSurface.objects.get_or_create(
        content_hash=sha256(nameless.encode()).hexdigest(),
        defaults={
            "name": surface.name,
            "content": content,
            "num_points": len(surface.points),
            "imported_by": actor,
        },
    )
    if is_new:
        after = {"points": kept.num_points, "content_hash": kept.content_hash}
        record(actor=actor, action="surface.import", subject=kept.name, subject_id=kept.pk, before={}, after=after)
    return kept, is_new
