"""Problems with Label Studio's data: kept with the example or the study, shown there, and notified once."""

import logging
from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from labeling.models import LabelingProject, Publication
from notices.operations import NoticeKind, notify

logger = logging.getLogger(__name__)

LONGEST = 500


@transaction.atomic
def note_unreadable(*, publication: Publication, reason: str, changed_at: datetime) -> bool:
    """Keep why an example could not be read, until it changes or all is compared. Returns: whether it is new."""
    logger.warning("example %s of publication %s: %s", publication.label_studio_id, publication.pk, reason)
    Publication.objects.filter(pk=publication.pk).update(trouble=reason[:LONGEST], label_studio_updated_at=changed_at)
    is_new = publication.trouble != reason[:LONGEST]
    if is_new:
        notify_unreadable(publication=publication, reasons=[reason])
    return is_new


def own_fault(fault: Exception) -> str:
    """Describe an internal error for a page; the log has the rest."""
    return f"Internal error ({type(fault).__name__}: {fault}); see the worker's log."


def note_error(*, project: LabelingProject, error: str) -> None:
    LabelingProject.objects.filter(pk=project.pk).update(last_error=error)


def notify_unreadable(*, publication: Publication, reasons: Sequence[str]) -> None:
    """Notify that annotations could not be read, once a day for a study."""
    if not reasons:
        return
    project = publication.batch.project
    notify_of(
        project,
        key=f"unreadable:{timezone.now():%Y-%m-%d}",
        title=f"Annotations of “{project.study}” could not be read",
        body=f"Today's first: {reasons[0]} Such annotations are rejected, not paid, and requested again; the study's "
        "labelling page shows each with its reason.",
    )


def notify_of(
    project: LabelingProject,
    *,
    key: str,
    title: str,
    body: str,
    notice_kind: NoticeKind = NoticeKind.LABELLING_TROUBLE,
) -> None:
    """Send a notice about a study's labelling, once for each key."""
    key, path = f"labelling_project:{project.pk}:{key}", f"/studies/{project.study_id}/labelling/"
    notify(key=key, kind=notice_kind, title=title, body=body, path=path)
