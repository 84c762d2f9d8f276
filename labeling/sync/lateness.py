"""Notifying of a study whose annotations cannot be fetched, once per outage."""

from datetime import timedelta

from django.conf import settings
from django.utils import timezone

from labeling.annotations import notify_of
from labeling.models import LabelingProject
from notices.operations import NoticeKind


def note_beginning(project: LabelingProject) -> None:
    """Note the start of the first sync since the last success. A finished sync clears it."""
    there = LabelingProject.objects.filter(pk=project.pk, label_studio_id__isnull=False)
    there.filter(syncing_since=None).update(syncing_since=timezone.now())


def notify_if_late(project: LabelingProject) -> None:
    """Notify if syncs have failed, hung or been killed for SYNC_LATE_MINUTES."""
    project.refresh_from_db()
    since, synced_at = project.syncing_since, project.last_synced_at
    if since is None or since > timezone.now() - timedelta(minutes=settings.SYNC_LATE_MINUTES):
        return
    last = f"The last sync was {synced_at:%Y-%m-%d %H:%M} UTC." if synced_at else "No sync has succeeded yet."
    trouble = project.last_error or "A sync began and did not end; see logs/workers.log in the data folder."
    notify_of(
        project,
        key=f"late:{since.isoformat()}",
        title=f"Annotations of “{project.study}” cannot be fetched",
        body=f"{last} {trouble}\nIt is retried automatically. Nothing is lost: Label Studio keeps the annotations.",
        notice_kind=NoticeKind.SYNC_LATE,
    )
