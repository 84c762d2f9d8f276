"""One process at a time for a project, without a row lock held while Label Studio is asked."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection

from labeling.models import LabelingProject

WAIT_SECONDS = 60
_SECONDS_BETWEEN_LOOKS = 0.2
_STOPPING = 4_201_703
_PREPARING = 4_201_704


@contextmanager
def alone_with(project: LabelingProject) -> Iterator[bool]:
    """Say whether nobody else is stopping or resuming this project. PostgreSQL frees the lock of a killed process."""
    is_ours = _take(_STOPPING, project)
    try:
        yield is_ours
    finally:
        if is_ours:
            _free(_STOPPING, project)


@contextmanager
def in_turn(project: LabelingProject) -> Iterator[bool]:
    """Wait until nobody else prepares this project in Label Studio. Says no where that took too long."""
    give_up_at = time.monotonic() + WAIT_SECONDS
    while not (is_ours := _take(_PREPARING, project)) and time.monotonic() < give_up_at:
        time.sleep(_SECONDS_BETWEEN_LOOKS)
    try:
        yield is_ours
    finally:
        if is_ours:
            _free(_PREPARING, project)


def _take(lock_class: int, project: LabelingProject) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", [lock_class, project.pk])
        return bool(cursor.fetchone()[0])


def _free(lock_class: int, project: LabelingProject) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_unlock(%s, %s)", [lock_class, project.pk])
