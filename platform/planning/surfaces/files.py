"""Surfaces as CSV: task, L_labels, U_unlabeled, total_usd, score; perhaps low and high, its 95 % interval."""

import csv
import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from io import StringIO

from planning.surfaces.cells import TEACHER, BadSurface, Cell, Point, Surface

COLUMNS = ("task", "L_labels", "U_unlabeled", "total_usd", "score")
INTERVAL = ("low", "high")
SDS_IN_INTERVAL = 2 * 1.96
LARGEST = 1e12
"""Of labels, pseudo-labels and dollars: what is larger is a slip, and no arithmetic is safe with it."""
OPEN_QUOTE = "Look for a quote that is not closed."
BEYOND = "beyond the header"
"""Under this name a row keeps the cells that have no column."""


@dataclass(frozen=True, kw_only=True)
class ReadTasks:
    """The surfaces of a file, in the order of their first row; of each task that is left out, where and why."""

    surfaces: Sequence[Surface]
    left_out: Sequence[str]


def read_surfaces(*, text: str, name: str = "the file") -> list[Surface]:
    """Read the surfaces of a CSV file, all or none. Raises: BadSurface with the first thing that is wrong."""
    found = read_tasks(text=text, name=name)
    if found.left_out:
        raise BadSurface(found.left_out[0])
    return list(found.surfaces)


def read_tasks(*, text: str, name: str = "the file") -> ReadTasks:
    """Read the surfaces of a CSV file; a task with a bad line harms itself only.

    Raises: BadSurface where the file has no task that can be read, or cannot be read to its end.
    """
    rows = csv.DictReader(StringIO(text.removeprefix("\ufeff")), restkey=BEYOND)
    try:
        return _tasks(rows, name=name)
    except csv.Error as error:
        raise BadSurface(f"{name}, line {rows.line_num + 1}: {error}. {OPEN_QUOTE}") from None


def _tasks(rows: "csv.DictReader[str]", *, name: str) -> ReadTasks:
    header = rows.fieldnames or ()
    missing = [column for column in COLUMNS if column not in header]
    if missing:
        raise BadSurface(f"{name}: the column {missing[0]} is missing. The first line must be {','.join(COLUMNS)}.")
    found: defaultdict[str, list[Point]] = defaultdict(list)
    # By task, or by the place of a line that names none: the first thing that is wrong.
    wrong: dict[str, str] = {}
    for row in rows:
        where = f"{name}, line {rows.line_num}"
        beyond = row.pop(BEYOND, None) or ()
        if not any((cell or "").strip() for cell in (*row.values(), *beyond)):
            continue
        task = (row["task"] or "").strip()
        if "\n" in task:
            raise BadSurface(f"{where}: the task has a line break in its name. {OPEN_QUOTE}")
        try:
            _check_width(header, beyond, where=where)
            found[_named(task, where=where)].append(_point(row, where=where))
        except BadSurface as problem:
            wrong.setdefault(task or where, str(problem))
    for task in [task for task in found if task not in wrong]:
        try:
            _check_percent(found[task], where=f"{name}, task “{task}”")
        except BadSurface as problem:
            wrong[task] = str(problem)
    surfaces = [Surface(name=task, points=tuple(points)) for task, points in found.items() if task not in wrong]
    if not surfaces:
        none = f"{name}: it has no point. Each line after the first is one trained student."
        raise BadSurface("\n".join(wrong.values()) or none)
    return ReadTasks(surfaces=surfaces, left_out=list(wrong.values()))


def _check_width(header: Sequence[str], beyond: Sequence[str], *, where: str) -> None:
    if any(cell.strip() for cell in beyond):
        raise BadSurface(
            f"{where}: {len(header) + len(beyond)} cells where the header has {len(header)}. Write decimals with a "
            "point, and thousands without a comma."
        )


def _named(task: str, *, where: str) -> str:
    if not task:
        raise BadSurface(f"{where}: task is empty. Name the task that the point belongs to.")
    return task


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
