"""The pilot: the few measurements from which the curves of both paths can be told apart."""

from collections.abc import Collection, Sequence
from dataclasses import replace

from planning.surfaces import TEACHER, Cell

LEAST_RATIO = 1.5
"""Between the labels of two students: of nearer ones the difference is mostly noise."""


def pilot_of(*, offers: Collection[Cell], known: Collection[Cell], num_labels: int) -> tuple[Cell, ...]:
    """Choose from the offers what to measure first, in the order to buy it; empty where all of it is known.

    Where labels are there: a student of about half of them and one of all show how the curve of labels rises; the
    teacher of all of them and a student that it teaches, with the fewest pseudo-labels on offer, where distilling
    leads. Where none are: the student, the teacher and its cheapest student of none, and a student of the fewest labels
    on offer. Students of fewer layers, and of labels by a language model, are no part of it, and stand for nothing: the
    curves are of all layers and of people. Once labels are there, a teacher of none and its students stand for none.

    Second opinions are no part of it either: of offers that differ by them alone, it has the one of the fewest.

    Parameters: `known` is measured or in progress; a student or a teacher of any size stands for its like.
    """
    offers, known = ([cell for cell in cells if not cell.layers and not cell.by_model] for cells in (offers, known))
    found = {replace(cell, opinions=0): cell for cell in sorted(offers, reverse=True)}
    known = [replace(cell, opinions=0) for cell in known]
    students = _students_of_labels(found, known, num_labels) if num_labels else _students_without(found, known)
    chosen = (*students, *_taught(found, known, num_labels))
    return tuple(found[cell] for cell in chosen)


def has_choice(*, cells: Collection[Cell], num_labels: int) -> bool:
    """Whether there is anything but students of the labels as they are.

    Further labels, a student that is taught, or second opinions on the labels.
    """
    here = [cell for cell in cells if cell.labels == num_labels]
    is_taught = any(0 < cell.pseudo_labels < TEACHER for cell in here)
    has_opinions = len({cell.opinions for cell in here}) > 1
    return is_taught or has_opinions or any(cell.labels > num_labels for cell in cells)


def _students_without(offers: Collection[Cell], known: Collection[Cell]) -> Sequence[Cell]:
    """A student of none, and one of the fewest labels on offer."""
    none, further = Cell(0), _sizes(offers)
    fewest = [Cell(min(further))] if further and not _sizes(known) else []
    return (*([none] if none in offers else []), *fewest)


def _students_of_labels(offers: Collection[Cell], known: Collection[Cell], num_labels: int) -> Sequence[Cell]:
    there = {size for size in _sizes(offers) if size <= num_labels}
    half = min(there - {num_labels}, key=lambda size: (abs(size - num_labels / 2), size), default=num_labels)
    seen = _sizes(known)
    apart = [size for size in {num_labels, half} & there if all(_are_apart(size, other) for other in seen)]
    most = max(2 - len(seen), 0)
    return [Cell(size) for size in sorted(sorted(apart, reverse=True)[:most])]


def _taught(offers: Collection[Cell], known: Collection[Cell], num_labels: int) -> Sequence[Cell]:
    """The usual teacher alone, and its cheapest student."""
    look = Cell(num_labels, TEACHER)
    known = [cell for cell in known if cell.labels or not num_labels]
    looks = [] if look not in offers or any(cell.pseudo_labels == TEACHER for cell in known) else [look]
    students = sorted(cell for cell in offers if cell.labels == num_labels and _is_taught(cell) and not cell.teacher)
    return [*looks, *([] if any(map(_is_taught, known)) else students[:1])]


def _sizes(cells: Collection[Cell]) -> set[int]:
    """Numbers of labels of the students on the annotate path."""
    return {cell.labels for cell in cells if cell.labels and cell.pseudo_labels == 0}


def _are_apart(size: int, other: int) -> bool:
    return max(size, other) >= LEAST_RATIO * min(size, other)


def _is_taught(cell: Cell) -> bool:
    return 0 < cell.pseudo_labels < TEACHER
