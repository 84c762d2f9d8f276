"""PostgreSQL's advisory locks: one process at a time, without a row locked. Those of a killed process are freed."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum

from django.db import connection

_SECONDS_BETWEEN_TRIES = 0.2


class LockClass(IntEnum):
    """What a lock is for. The key beside it is the id of a project or a job, or a kind of round."""

    STOPPING = 4_201_703
    PREPARING = 4_201_704
    UPLOAD = 4_201_705
    ROUND = 4_201_720


@contextmanager
def advisory_lock(lock_class: LockClass, key: int, *, wait_seconds: float = 0.0) -> Iterator[bool]:
    """Hold a lock for a block of code. The block gets whether the lock is ours: False where somebody else kept it."""
    give_up_at = time.monotonic() + wait_seconds
    while not (is_ours := _take(lock_class, key)) and time.monotonic() < give_up_at:
        time.sleep(_SECONDS_BETWEEN_TRIES)
    try:
        yield is_ours
    finally:
        if is_ours:
            _free(lock_class, key)


def _take(lock_class: LockClass, key: int) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", [int(lock_class), key])
        return bool(cursor.fetchone()[0])


def _free(lock_class: LockClass, key: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_unlock(%s, %s)", [int(lock_class), key])
