"""One run at a time of each scheduled job."""

from contextlib import AbstractContextManager
from enum import IntEnum

from config.advisory_locks import LockClass, advisory_lock


class ScheduledJob(IntEnum):
    SYNC = 1
    STOPS = 2


def only_one(job: ScheduledJob) -> AbstractContextManager[bool]:
    """Lock a scheduled job; False if it is running already."""
    return advisory_lock(LockClass.ROUND, int(job))
