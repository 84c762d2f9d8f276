"""A worker's announcement that it shuts down, shared with its pool processes.

A worker that is asked to end waits for its tasks, and a run can take hours. So the run is handed over instead: its
trainer saves a checkpoint, and another worker resumes from there.
"""

import mmap
from typing import Any

# One byte shared by fork: no lock that a killed process could leave taken.
_announced = mmap.mmap(-1, 1)


def announce(**_: Any) -> None:
    _announced[0] = 1


def is_announced() -> bool:
    return _announced[0] == 1
