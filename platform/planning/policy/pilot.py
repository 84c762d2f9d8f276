"""The pilot: the few measurements from which the curves of both paths can be told apart."""

from collections.abc import Collection, Sequence

from planning.surfaces import TEACHER, Cell

LEAST_RATIO = 1.5
"""Between the labels of two students: of nearer ones the difference is mostly noise."""


def pilot_of(*, offers: Collection[Cell], known: Collection[Cell], num_labels: int) -> tuple[Cell, ...]:
    """Choose from the offers what to measure first, in the order to buy it; empty where all of it is known.

    Where labels are there: a student of about half of them and one of all show how the curve of labels rises; the
    teacher of all of them and a student that it teaches, with the fewest pseudo-labels on offer, where distilling
    leads. Where none are: a student of none, and one of the fewest labels on offer. Students of fewer layers, and of
    labels by a language model, are no part of it, and stand for nothing: the curves are of all layers and of people.

    Parameters: `known` is measured or in progress; a student or a teacher of any size stands for its like.
    """
    offers, known = ([cell for cell in cells if not cell.layers and not cell.by_model] for cells in (offers, known))
    if not num_labels:
        return _without_labels(offers, known)
    return (*_students_of_labels(offers, known, num_labels), *_taught(offers, known, num_labels))


def has_choice(*, cells: Collection[Cell], num_labels: int) -> bool:
    """Whether there is anything but students of the labels there: further labels, or a student that is taught."""
    return any(
        cell.labels > num_labels or (cell.labels == num_labels and 0 < cell.pseudo_labels < TEACHER) for cell in cells
    )


def _without_labels(offers: Collection[Cell], known: Collection[Cell]) -> tuple[Cell, ...]:
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
    looks = [] if look not in offers or any(map(_is_teacher, known)) else [look]
    students = sorted(cell for cell in offers if cell.labels == num_labels and _is_taught(cell) and not cell.teacher)
    return [*looks, *([] if any(map(_is_taught, known)) else students[:1])]


def _sizes(cells: Collection[Cell]) -> set[int]:
    """Numbers of labels of the students on the annotate path."""
    return {cell.labels for cell in cells if cell.labels and cell.pseudo_labels == 0}


def _are_apart(size: int, other: int) -> bool:
    return max(size, other) >= LEAST_RATIO * min(size, other)


def _is_teacher(cell: Cell) -> bool:
    return cell.labels > 0 and cell.pseudo_labels == TEACHER


def _is_taught(cell: Cell) -> bool:
    return cell.labels > 0 and 0 < cell.pseudo_labels < TEACHER
