"""PostgreSQL's advisory locks: one process at a time, with no row locked. A killed process releases its locks."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum

from django.db import connection

_SECONDS_BETWEEN_TRIES = 0.2
_LOCK = "SELECT pg_try_advisory_lock(%s, %s)"
_UNLOCK = "SELECT pg_advisory_unlock(%s, %s)"


class LockClass(IntEnum):
    """What a lock protects. Its key is the id of a project or a job, or names a periodic round."""

    STOPPING = 4_201_703
    PREPARING = 4_201_704
    UPLOAD = 4_201_705
    LABELING_JOB = 4_201_706
    ROUND = 4_201_720


@contextmanager
def advisory_lock(lock_class: LockClass, key: int, *, wait_seconds: float = 0.0) -> Iterator[bool]:
    """Hold a lock for a block of code, which gets whether it was acquired within `wait_seconds`."""
    give_up_at = time.monotonic() + wait_seconds
    while not (is_held := _ask(_LOCK, lock_class, key)) and time.monotonic() < give_up_at:
        time.sleep(_SECONDS_BETWEEN_TRIES)
    try:
        yield is_held
    finally:
        if is_held:
            _ask(_UNLOCK, lock_class, key)


def _ask(statement: str, lock_class: LockClass, key: int) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(statement, [int(lock_class), key])
        return bool(cursor.fetchone()[0])
