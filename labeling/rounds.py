"""One round at a time of what the schedule asks for every few seconds."""

from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum

from django.db import connection

_LOCK_CLASS = 4_201_720


class Round(IntEnum):
    SYNC = 1
    STOPS = 2


@contextmanager
def only_one(kind: Round) -> Iterator[bool]:
    """Say whether no other round of this kind is going on. PostgreSQL frees the lock of a killed process."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", [_LOCK_CLASS, int(kind)])
        (is_ours,) = cursor.fetchone()
    try:
        yield is_ours
    finally:
        if is_ours:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s, %s)", [_LOCK_CLASS, int(kind)])
