"""One process at a time for a project, without a row lock held while Label Studio is asked."""

from contextlib import AbstractContextManager

from config.advisory_locks import LockClass, advisory_lock
from labeling.models import LabelingProject

WAIT_SECONDS = 60


def alone_with(project: LabelingProject) -> AbstractContextManager[bool]:
    """Say whether nobody else is stopping or resuming this project."""
    return advisory_lock(LockClass.STOPPING, project.pk)


def in_turn(project: LabelingProject) -> AbstractContextManager[bool]:
    """Wait until nobody else prepares this project in Label Studio. Says no where that took too long."""
    return advisory_lock(LockClass.PREPARING, project.pk, wait_seconds=WAIT_SECONDS)
