"""What Celery does for labelling. A message lost or doubled changes nothing: the next look finds the same."""

from celery import shared_task

from labeling import endpoints, sync, withdraw
from labeling.sync import Round, only_one


@shared_task(name="labeling.tasks.sync_all", ignore_result=True)  # type: ignore[untyped-decorator]  # Celery has no types
def sync_all() -> None:
    """Bring every study up to date. Sent by the schedule; one that is lost or meets another is made up."""
    with only_one(Round.SYNC) as is_ours:
        if is_ours:
            sync.sync_all()


@shared_task(name="labeling.tasks.follow_stops", ignore_result=True)  # type: ignore[untyped-decorator]  # as above
def follow_stops() -> None:
    """Withdraw and offer again as budgets stop and resume, and as labels come from elsewhere. Sent by the schedule."""
    with only_one(Round.STOPS) as is_ours:
        if is_ours:
            withdraw.follow_stops()
            withdraw.follow_imported_labels()


@shared_task(name="labeling.tasks.sync_project", ignore_result=True)  # type: ignore[untyped-decorator]  # as above
def sync_project(*, project_id: int) -> None:
    """Bring one study up to date after a webhook. Delivered at least once, or made up by the schedule."""
    endpoints.sync_hinted(project_id=project_id)
