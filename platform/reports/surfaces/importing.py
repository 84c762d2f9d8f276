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
from planning.surfaces import BadSurface, Surface, read_surfaces, write_surfaces
from reports.models import ImportedSurface

_LONGEST_NAME = 200
# A fit takes the square of it in memory, in every worker that recommends.
_MOST_POINTS = 1_000


class SurfaceFileRefused(Refusal):
    """A file of surfaces cannot be read; the message says where and how to mend it."""


@dataclass(frozen=True, kw_only=True)
class ImportOutcome:
    """The surfaces that are new, and how many were here already."""

    new: Sequence[ImportedSurface]
    num_known: int


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


def read_surface_file(file: Path) -> list[Surface]:
    """Read a file of surfaces. Raises: SurfaceFileRefused."""
    try:
        return read_surfaces(text=file.read_text(encoding="utf-8"), name=str(file))
    except OSError as error:
        raise SurfaceFileRefused(f"{file}: {error.strerror}. Name a file that can be read.") from error
    except UnicodeDecodeError as error:
        raise SurfaceFileRefused(f"{file}: it is not UTF-8 text. Save it as CSV in UTF-8.") from error
    except BadSurface as error:
        raise SurfaceFileRefused(str(error)) from error


@transaction.atomic
def import_surfaces(*, actor: User, file: Path) -> ImportOutcome:
    """Keep the surfaces of a file, all or none; one whose points are here already is not kept again.

    Raises: SurfaceFileRefused; Forbidden.
    """
    require(actor=actor, action=Action.IMPORT_SURFACES)
    pairs = [_kept(actor, surface, file) for surface in read_surface_file(file)]
    return ImportOutcome(new=[one for one, is_new in pairs if is_new], num_known=sum(not is_new for _, is_new in pairs))


def imported_surfaces() -> ReadSurfaces:
    """All surfaces that were imported, the earliest first; one that cannot be read harms itself only."""
    found, unreadable = list[Surface](), list[UnreadableSurface]()
    for row in ImportedSurface.objects.order_by("pk"):
        try:
            found += read_surfaces(text=row.content, name=row.name)
        except BadSurface as error:
            unreadable.append(UnreadableSurface(name=row.name, reason=str(error)))
    return ReadSurfaces(surfaces=found, unreadable=unreadable)


def _kept(actor: User, surface: Surface, file: Path) -> tuple[ImportedSurface, bool]:
    if len(surface.name) > _LONGEST_NAME:
        raise SurfaceFileRefused(
            f"{file}: the name of the task “{surface.name[:40]}…” has over {_LONGEST_NAME} characters. Shorten it."
        )
    if len(surface.points) > _MOST_POINTS:
        raise SurfaceFileRefused(
            f"{file}: the task “{surface.name[:40]}” has {len(surface.points):,} points; the maximum is "
            f"{_MOST_POINTS:,}. Leave some out."
        )
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
