"""Recorded surfaces: a study's own, imported ones, and all that this installation knows."""

from reports.surfaces.importing import (
    ImportOutcome,
    SurfaceFileRefused,
    import_surfaces,
    imported_surfaces,
    read_surface_file,
)
from reports.surfaces.known import FEWEST_CELLS, KnownSurface, all_surfaces, known_surfaces
from reports.surfaces.recording import NothingRecorded, recorded_students, surface_csv

__all__ = [
    "FEWEST_CELLS",
    "ImportOutcome",
    "KnownSurface",
    "NothingRecorded",
    "SurfaceFileRefused",
    "all_surfaces",
    "import_surfaces",
    "imported_surfaces",
    "known_surfaces",
    "read_surface_file",
    "recorded_students",
    "surface_csv",
]
