"""A worker's announcement to its pool processes that it shuts down, so that they hand their runs over."""

import mmap
from typing import Any

# One byte shared by fork: no lock that a killed process could leave taken.
_announced = mmap.mmap(-1, 1)


def announce(**_: Any) -> None:
    _announced[0] = 1


def is_announced() -> bool:
    return _announced[0] == 1
