"""Which surfaces record the same task."""

from collections.abc import Iterable

from planning.surfaces.cells import Surface

_ROUNDING = 0.11
"""Points between two readings of one score: figures give a decimal."""


def distinct_surfaces(surfaces: Iterable[Surface], *, besides: Iterable[Surface] = ()) -> list[Surface]:
    """Keep the first surface of each task, and none of a task of `besides`."""
    left_out, kept = list(besides), list[Surface]()
    for surface in surfaces:
        if not any(_is_same(one, surface) for one in (*left_out, *kept)):
            kept.append(surface)
    return kept


def _is_same(one: Surface, other: Surface) -> bool:
    """Whether two surfaces record the same task: by name, or half of the points that both have are equal."""
    if one.name.casefold() == other.name.casefold():
        return True
    scores = {point.cell: point.score for point in other.points}
    shared = [abs(scores[point.cell] - point.score) < _ROUNDING for point in one.points if point.cell in scores]
    return len(shared) > 0 and sum(shared) >= len(shared) / 2
