"""One round at a time of what the schedule asks for every few seconds."""

from contextlib import AbstractContextManager
from enum import IntEnum

from config.advisory_locks import LockClass, advisory_lock


class Round(IntEnum):
    SYNC = 1
    STOPS = 2


def only_one(kind: Round) -> AbstractContextManager[bool]:
    """Say whether no other round of this kind is going on."""
    return advisory_lock(LockClass.ROUND, int(kind))
