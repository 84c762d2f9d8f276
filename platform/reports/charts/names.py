"""Names beside the marks of a chart: only as many as can be read."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from planning.surfaces import Booleans, Floats

CHARACTER, LINE = 6.2, 12.0
"""Width of a character and height of a line at 11 pixels, in pixels."""
MARK = 5.0
"""Half the width of a mark."""
SIDES = {"left": 0.0, "center": 0.5, "right": 1.0}


@dataclass(frozen=True, kw_only=True)
class NamePlace:
    """A name beside its mark, in pixels from top left; of two that collide the one of the lower rank is written.

    `align` says whether the text begins at, is centred on or ends at `x`; its middle is at `y`. `is_kept`: written
    whatever it lies on.
    """

    text: str
    align: str
    x: float
    y: float
    mark: tuple[float, float]
    rank: tuple[float, ...] = ()
    is_kept: bool = False

    @property
    def box(self) -> tuple[float, float, float, float]:
        """Left, top, right and bottom of the text."""
        width = CHARACTER * len(self.text)
        left = self.x - SIDES[self.align] * width
        return left, self.y - LINE / 2, left + width, self.y + LINE / 2


def readable(places: Sequence[NamePlace]) -> list[bool]:
    """Say of each name whether to write it: those that lie on no other mark, and on no name that goes before."""
    found = [False] * len(places)
    boxes = np.array([place.box for place in places]).reshape(-1, 4)
    centres = np.array([place.mark for place in places]).reshape(-1, 2)
    marks = np.hstack([centres - MARK, centres + MARK])
    written: list[int] = []
    for number in sorted(range(len(places)), key=lambda number: places[number].rank):
        # Students at one place have one mark, which is nobody else's.
        others = marks[(centres != centres[number]).any(axis=1)]
        is_free = not (_lies_on(boxes[number], others).any() or _lies_on(boxes[number], boxes[written]).any())
        if is_free or places[number].is_kept:
            found[number] = True
            written.append(number)
    return found


def _lies_on(box: Floats, others: Floats) -> Booleans:
    left, top, right, bottom = others.T
    overlaps: Booleans = (box[0] < right) & (left < box[2]) & (box[1] < bottom) & (top < box[3])
    return overlaps
