"""Notifying of a study whose annotations cannot be fetched, once per outage."""

from datetime import timedelta

from django.conf import settings
from django.utils import timezone

from labeling.models import LabelingProject
from notices.operations import NoticeKind, notify


def note_beginning(project: LabelingProject) -> None:
    """Note the start of the first sync since the last success. A finished sync clears it."""
    there = LabelingProject.objects.filter(pk=project.pk, label_studio_id__isnull=False)
    there.filter(syncing_since=None).update(syncing_since=timezone.now())


def notify_if_late(project: LabelingProject) -> None:
    """Notify if syncs have failed, hung or been killed for SYNC_LATE_MINUTES."""
    latest_start = timezone.now() - timedelta(minutes=settings.SYNC_LATE_MINUTES)
    late = LabelingProject.objects.select_related("study").filter(pk=project.pk, syncing_since__lte=latest_start)
    for found in late:
        assert found.syncing_since is not None
        notify(
            key=f"labelling_project:{found.pk}:late:{found.syncing_since.isoformat()}",
            kind=NoticeKind.SYNC_LATE,
            title=f"Annotations of “{found.study}” cannot be fetched",
            body=_what_is_known(found),
            path=f"/studies/{found.study_id}/labelling/",
        )


def _what_is_known(project: LabelingProject) -> str:
    synced_at = project.last_synced_at
    last = f"The last sync was {synced_at:%Y-%m-%d %H:%M} UTC." if synced_at else "No sync has succeeded yet."
    trouble = project.last_error or "A sync began and did not end; see logs/workers.log in the data folder."
    return f"{last} {trouble}\nIt is retried automatically. Nothing is lost: Label Studio keeps the annotations."
