"""Celery tasks of labelling. A lost or repeated message changes nothing: the next run finds the same."""

import time
from enum import IntEnum

from celery import shared_task

from config.advisory_locks import LockClass, advisory_lock
from labeling import sync, withdraw
from labeling.models import LabelingProject

# Many annotations in one second are fetched by one sync.
SECONDS_TO_GATHER = 1.0


class ScheduledJob(IntEnum):
    """The key of a scheduled job's lock: one run at a time of each."""

    SYNC = 1
    STOPS = 2


@shared_task(name="labeling.tasks.sync_all", ignore_result=True)  # type: ignore[untyped-decorator]  # Celery has no types
def sync_all() -> None:
    with advisory_lock(LockClass.ROUND, ScheduledJob.SYNC) as is_ours:
        if is_ours:
            sync.sync_all()


@shared_task(name="labeling.tasks.follow_stops", ignore_result=True)  # type: ignore[untyped-decorator]  # as above
def follow_stops() -> None:
    """Withdraw and publish again as budgets stop and resume, and as imports bring labels or are undone."""
    with advisory_lock(LockClass.ROUND, ScheduledJob.STOPS) as is_ours:
        if is_ours:
            withdraw.follow_stops()
            withdraw.follow_imported_labels()
            withdraw.follow_undone_imports()


@shared_task(name="labeling.tasks.sync_project", ignore_result=True)  # type: ignore[untyped-decorator]  # as above
def sync_project(*, project_id: int) -> None:
    time.sleep(SECONDS_TO_GATHER)
    sync.sync(project=LabelingProject.objects.get(pk=project_id))
