"""One process at a time for a project, without holding a row lock during calls to Label Studio."""

from contextlib import AbstractContextManager

from config.advisory_locks import LockClass, advisory_lock
from labeling.models import LabelingProject

WAIT_SECONDS = 60


def alone_with(project: LabelingProject) -> AbstractContextManager[bool]:
    """Lock stopping and resuming of a project; False if another process has the lock."""
    return advisory_lock(LockClass.STOPPING, project.pk)


def in_turn(project: LabelingProject) -> AbstractContextManager[bool]:
    """Lock the preparation of a project in Label Studio; False if another process keeps the lock too long."""
    return advisory_lock(LockClass.PREPARING, project.pk, wait_seconds=WAIT_SECONDS)
