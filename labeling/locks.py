"""One process at a time for a project, without a row lock held while Label Studio is asked."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection

from labeling.models import LabelingProject

_LOCK_CLASS = 4_201_703


@contextmanager
def alone_with(project: LabelingProject) -> Iterator[bool]:
    """Say whether nobody else is stopping or resuming this project. PostgreSQL frees the lock of a killed process."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", [_LOCK_CLASS, project.pk])
        (is_ours,) = cursor.fetchone()
    try:
        yield is_ours
    finally:
        if is_ours:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s, %s)", [_LOCK_CLASS, project.pk])
