"""The file of a surface of our own engine, which grows as points are measured, and what made it."""

import csv
from io import StringIO
from pathlib import Path

from planning.surfaces import Cell, Point, Surface
from planning.surfaces.files import read_surfaces, write_surfaces
from tables.whole_files import write_whole

Found = dict[str, dict[Cell, Point]]
"""Points by surface and cell."""


class OtherSource(SystemExit):
    """A file has points of another checkpoint or teacher recipe."""


def read_points(path: Path, *, source: str) -> Found:
    """What an earlier call measured; nothing where there is no file. Raises: OtherSource."""
    if not path.exists():
        return {}
    text = path.read_text(encoding="utf-8")
    surfaces = read_surfaces(text=text, name=path.name)
    others = {row.get("source") or "nothing" for row in csv.DictReader(StringIO(text))} - {source}
    if others:
        raise OtherSource(
            f"{path}: its source says {' and '.join(sorted(others))}, and this call measures “{source}”. Name another "
            "file, or ask for the same checkpoint and teacher recipe."
        )
    return {surface.name: {point.cell: point for point in surface.points} for surface in surfaces}


def write_points(path: Path, found: Found, *, source: str) -> None:
    """Write what is measured so far, in the form that `manage.py replay` reads."""
    surfaces = [Surface(name=name, points=tuple(points.values())) for name, points in found.items() if points]
    write_whole({path: [write_surfaces(surfaces=surfaces, source=source).encode()]})
