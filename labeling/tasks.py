"""Celery tasks of labelling. A lost or repeated message changes nothing: the next run finds the same."""

import time

from celery import shared_task

from labeling import sync, withdraw
from labeling.models import LabelingProject
from labeling.sync import ScheduledJob, only_one

# Many annotations in one second are fetched by one sync.
SECONDS_TO_GATHER = 1.0


@shared_task(name="labeling.tasks.sync_all", ignore_result=True)  # type: ignore[untyped-decorator]  # Celery has no types
def sync_all() -> None:
    """Sync every study. Sent by the schedule; a lost one, or one during another, is made up for."""
    with only_one(ScheduledJob.SYNC) as is_ours:
        if is_ours:
            sync.sync_all()


@shared_task(name="labeling.tasks.follow_stops", ignore_result=True)  # type: ignore[untyped-decorator]  # as above
def follow_stops() -> None:
    """Withdraw and publish again as budgets stop and resume and labels are imported. Sent by the schedule."""
    with only_one(ScheduledJob.STOPS) as is_ours:
        if is_ours:
            withdraw.follow_stops()
            withdraw.follow_imported_labels()


@shared_task(name="labeling.tasks.sync_project", ignore_result=True)  # type: ignore[untyped-decorator]  # as above
def sync_project(*, project_id: int) -> None:
    """Sync one study after a webhook. Delivered at least once, or made up for by the schedule."""
    time.sleep(SECONDS_TO_GATHER)
    sync.sync(project=LabelingProject.objects.get(pk=project_id))
