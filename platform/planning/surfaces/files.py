"""Surfaces as CSV: task, L_labels, U_unlabeled, total_usd, score; perhaps low and high, its 95 % interval."""

import csv
import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from importlib import resources
from io import StringIO

from planning.surfaces.cells import TEACHER, BadSurface, Cell, Point, Surface

COLUMNS = ("task", "L_labels", "U_unlabeled", "total_usd", "score")
INTERVAL = ("low", "high")
SDS_IN_INTERVAL = 2 * 1.96
LARGEST = 1e12
"""Of labels, pseudo-labels and dollars: what is larger is a slip, and no arithmetic is safe with it."""
BEYOND = "beyond the header"
"""Under this name a row keeps the cells that have no column."""


def read_surfaces(*, text: str, name: str = "the file") -> list[Surface]:
    """Read the surfaces of a CSV file, in the order of their first row.

    Raises: BadSurface with the line and column of the first thing that is wrong.
    """
    rows = csv.DictReader(StringIO(text.removeprefix("\ufeff")), restkey=BEYOND)
    try:
        return _surfaces(rows, name=name)
    except csv.Error as error:
        raise BadSurface(f"{name}, line {rows.line_num + 1}: {error}. Look for a quote that is not closed.") from None


def _surfaces(rows: "csv.DictReader[str]", *, name: str) -> list[Surface]:
    header = rows.fieldnames or ()
    missing = [column for column in COLUMNS if column not in header]
    if missing:
        raise BadSurface(f"{name}: the column {missing[0]} is missing. The first line must be {','.join(COLUMNS)}.")
    found: defaultdict[str, list[Point]] = defaultdict(list)
    for row in rows:
        where = f"{name}, line {rows.line_num}"
        beyond = row.pop(BEYOND, None) or ()
        if any(cell.strip() for cell in beyond):
            raise BadSurface(
                f"{where}: {len(header) + len(beyond)} cells where the header has {len(header)}. Write decimals with a "
                "point, and thousands without a comma."
            )
        if not any((cell or "").strip() for cell in row.values()):
            continue
        task = (row["task"] or "").strip()
        if not task:
            raise BadSurface(f"{where}: task is empty. Name the task that the point belongs to.")
        found[task].append(_point(row, where=where))
    if not found:
        raise BadSurface(f"{name}: it has no point. Each line after the first is one trained student.")
    for task, points in found.items():
        _check_percent(points, where=f"{name}, task “{task}”")
    return [Surface(name=task, points=tuple(points)) for task, points in found.items()]


def _check_percent(points: Sequence[Point], *, where: str) -> None:
    """Refuse scores that are fractions: they would be played as a task on which nothing is learned."""
    best = max(point.score for point in points)
    highest = max(point.score + (point.sd or 0.0) * SDS_IN_INTERVAL / 2 for point in points)
    if best > 0 and highest <= 1:
        raise BadSurface(f"{where}, score: none is above 1. A score is in percent: write {best:g} as {100 * best:g}.")


def write_surfaces(*, surfaces: Iterable[Surface], source: str) -> str:
    """Write surfaces in the form that `read_surfaces` reads; `source` says where the points come from."""
    out = StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow((*COLUMNS, *INTERVAL, "source"))
    for surface in surfaces:
        for point in surface.points:
            cell, half = point.cell, None if point.sd is None else point.sd * SDS_IN_INTERVAL / 2
            interval = ("", "") if half is None else (f"{point.score - half:.6g}", f"{point.score + half:.6g}")
            amounts = (f"{cell.pseudo_labels:.0f}", f"{point.dollars:.6g}", f"{point.score:.6g}")
            writer.writerow((surface.name, cell.labels, *amounts, *interval, source))
    return out.getvalue()


def published_surfaces() -> list[Surface]:
    """The four tasks of Kang, Xu and Ritter (ACL 2023), read off their figures; see docs/how-to/replay.md."""
    return read_surfaces(text=shipped_file("surfaces.csv"), name="surfaces.csv")


def measured_surfaces() -> list[Surface]:
    """Surfaces of our own engine, by `bench surface`: one for each task and draw of labels."""
    return read_surfaces(text=shipped_file("measured.csv"), name="measured.csv")


def shipped_file(name: str) -> str:
    """The text of one of the files that ship with Fulcrum."""
    return (resources.files("planning.surfaces") / "data" / name).read_text(encoding="utf-8")


def _point(row: Mapping[str, str | None], *, where: str) -> Point:
    labels = _number(row, "L_labels", where=where)
    pseudo_labels = _number(row, "U_unlabeled", where=where, may_be_teacher=True)
    for column, number in (("L_labels", labels), ("U_unlabeled", pseudo_labels)):
        if number != TEACHER and not number.is_integer():
            raise BadSurface(f"{where}, {column}: {number:g} is not a whole number.")
    score = _number(row, "score", where=where)
    if score > 100:
        raise BadSurface(f"{where}, score: {score:g} is above 100. A score is in percent, 0 to 100.")
    cell = Cell(int(labels), pseudo_labels)
    return Point(cell=cell, dollars=_number(row, "total_usd", where=where), score=score, sd=_sd(row, where=where))


def _sd(row: Mapping[str, str | None], *, where: str) -> float | None:
    """The score's sd by its interval; None where there is none, or one of no width."""
    given = [side for side in INTERVAL if (row.get(side) or "").strip()]
    if not given:
        return None
    if len(given) == 1:
        raise BadSurface(f"{where}: only {given[0]} is given. An interval needs both low and high, or neither.")
    low, high = (_number(row, side, where=where, may_be_negative=True) for side in INTERVAL)
    if high < low:
        raise BadSurface(f"{where}, high: {high:g} is below low, {low:g}.")
    return (high - low) / SDS_IN_INTERVAL or None


def _number(
    row: Mapping[str, str | None],
    column: str,
    *,
    where: str,
    may_be_teacher: bool = False,
    may_be_negative: bool = False,
) -> float:
    text = (row[column] or "").strip()
    if may_be_teacher and text.lower() == "inf":
        return TEACHER
    try:
        value = float(text)
    except ValueError:
        raise BadSurface(f"{where}, {column}: {text!r} is not a number.") from None
    if not math.isfinite(value) or (value < 0 and not may_be_negative):
        raise BadSurface(f"{where}, {column}: {text} is not a number of 0 or more.")
    if value > LARGEST:
        raise BadSurface(f"{where}, {column}: {text} is above {LARGEST:,.0f}.")
    return value
