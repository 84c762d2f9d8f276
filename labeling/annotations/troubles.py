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
    notify(
        key=f"labelling_project:{project.pk}:unreadable:{timezone.now():%Y-%m-%d}",
        kind=NoticeKind.LABELLING_TROUBLE,
        title=f"Annotations of “{project.study}” could not be read",
        body=(
            f"Today's first: {reasons[0]} Such annotations are rejected, not paid, and requested again; the study's "
            "labelling page shows each with its reason."
        ),
        path=f"/studies/{project.study_id}/labelling/",
    )


def notify_gone(*, project: LabelingProject, label_studio_id: int) -> None:
    notify(
        key=f"labelling_project:{project.pk}:gone:{label_studio_id}",
        kind=NoticeKind.LABELLING_TROUBLE,
        title=f"The Label Studio project of “{project.study}” was deleted",
        body=(
            f"Project {label_studio_id} was deleted in Label Studio. What was held for its examples is released; "
            "what was paid stays paid. Publish again to make a new project."
        ),
        path=f"/studies/{project.study_id}/labelling/",
    )
