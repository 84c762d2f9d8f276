"""Bringing annotations back from Label Studio: incremental, idempotent, and safe to be killed anywhere."""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.utils import timezone

from accounts.models import User
from accounts.permissions import Action, require
from labeling.accept import People, mark_gone, merge, pay_waiting
from labeling.client import (
    IDS_PER_EXPORT,
    Changed,
    LabelStudioClient,
    LabelStudioRefused,
    LabelStudioUnreachable,
    connect,
)
from labeling.lateness import note_beginning, tell_if_late
from labeling.models import Annotation, Batch, LabelingProject, Publication
from labeling.remote import RemoteExample, read_example
from labeling.sending import resume_batches
from studies.models import Study

logger = logging.getLogger(__name__)

# A transaction of Label Studio's may show up later than the time it wrote into its rows.
OVERLAP = timedelta(seconds=120)
# Deleted rows leave no trace in an incremental listing, so everything is compared now and then.
CHECK_EVERY = timedelta(hours=1)


class NothingPublished(ValueError):
    """The study has no project in Label Studio yet."""


@dataclass(frozen=True, kw_only=True)
class SyncResult:
    """What a sync found: examples looked at, annotations new or changed; `error` where it could not finish."""

    num_examples: int = 0
    num_changed: int = 0
    error: str = ""


def sync_study(*, actor: User, study: Study) -> SyncResult:
    """Bring a study's annotations up to date because somebody asked: everything is compared.

    Raises: Forbidden; NothingPublished.
    """
    require(actor=actor, action=Action.SYNC_LABELS)
    project = LabelingProject.objects.filter(study=study, label_studio_id__isnull=False).first()
    if project is None:
        raise NothingPublished(f"“{study}” has nothing published in Label Studio: publish examples first.")
    return sync(project=project, check_all=True)


def sync_all() -> None:
    """Bring every study's annotations up to date. One that fails does not keep the others waiting."""
    for project in LabelingProject.objects.filter(label_studio_id__isnull=False).order_by("pk"):
        tell_if_late(project)
        sync(project=project)


def sync(*, project: LabelingProject, check_all: bool = False) -> SyncResult:
    """Fetch and merge what changed in Label Studio since the last time, and finish batches left half-sent.

    Trouble with Label Studio is recorded on the project, shown there, and cleared by the next success. A sync that is
    killed loses nothing: each example is merged whole, and the cursor moves only at the end.

    Parameters: `check_all` compares everything; happens by itself every hour.
    Returns: what was found, or the error.
    """
    note_beginning(project)
    try:
        result = _sync(project, connect(), check_all)
    except (LabelStudioUnreachable, LabelStudioRefused) as error:
        logger.warning("sync of project %s: %s", project.pk, error)
        LabelingProject.objects.filter(pk=project.pk).update(last_error=str(error))
        return SyncResult(error=str(error))
    return result


def _sync(project: LabelingProject, client: LabelStudioClient, check_all: bool) -> SyncResult:
    LabelingProject.objects.filter(pk=project.pk).update(hinted_at=None)
    project.refresh_from_db()
    assert project.label_studio_id is not None
    resume_batches(project=project, client=client)
    began_at = timezone.now()
    check_all = check_all or project.last_checked_at is None or began_at - project.last_checked_at > CHECK_EVERY
    since = project.synced_until - OVERLAP if project.synced_until and not check_all else None
    changed = client.changed(project_id=project.label_studio_id, since=since)
    stale = _stale(project, changed)
    num_changed = _merge_all(project, client, stale)
    if check_all:
        num_changed += _mark_vanished(project, {one.id for one in changed}, began_at)
    pay_waiting(study=project.study)
    _move_cursor(project, changed, began_at if check_all else None)
    return SyncResult(num_examples=len(stale), num_changed=num_changed)


def _stale(project: LabelingProject, changed: Sequence[Changed]) -> list[Changed]:
    """Leave out what was merged in this very state, unless a rejected annotation may be acceptable by now."""
    publications = Publication.objects.filter(batch__project=project)
    merged = dict(publications.values_list("label_studio_id", "label_studio_updated_at"))
    rejected = publications.filter(example__annotations__state=Annotation.State.REJECTED)
    again = set(rejected.values_list("label_studio_id", flat=True))
    return [one for one in changed if one.id in again or merged.get(one.id) != one.updated_at]


def _merge_all(project: LabelingProject, client: LabelStudioClient, stale: Sequence[Changed]) -> int:
    if not stale:
        return 0
    people = People(
        emails=client.people(), accounts={user.email.lower(): user for user in User.objects.filter(is_active=True)}
    )
    changed_at = {one.id: one.updated_at for one in stale}
    num_changed = 0
    for remote in _fetch(project, client, [one.id for one in stale]):
        publication = _publication(project, remote)
        if publication is not None:
            num_changed += merge(
                publication=publication, remote=remote, people=people, changed_at=changed_at[remote.id]
            )
    return num_changed


def _fetch(project: LabelingProject, client: LabelStudioClient, ids: Sequence[int]) -> Iterator[RemoteExample]:
    assert project.label_studio_id is not None
    for start in range(0, len(ids), IDS_PER_EXPORT):
        chunk = ids[start : start + IDS_PER_EXPORT]
        yield from map(read_example, client.export(project_id=project.label_studio_id, ids=chunk))


def _publication(project: LabelingProject, remote: RemoteExample) -> Publication | None:
    """Find what was published by its own uid. What somebody else put into the project is none of ours."""
    try:
        uid = UUID(remote.item_uid)
    except ValueError:
        return None
    return Publication.objects.filter(batch__project=project, example__uid=uid).first()


def _mark_vanished(project: LabelingProject, present: set[int], began_at: datetime) -> int:
    """Mark what is not there although it was offered before we looked, arrived or not."""
    if LabelingProject.objects.filter(pk=project.pk, closed_at__isnull=False).exists():
        # It is we who deleted it; the withdrawal says so and gives the money back.
        return 0
    offered = Publication.objects.filter(batch__project=project, batch__created_at__lt=began_at)
    vanished = offered.filter(label_studio_id__isnull=False).exclude(label_studio_id__in=present)
    num_deleted = sum(mark_gone(publication=publication) for publication in vanished)
    lost = offered.filter(label_studio_id__isnull=True, batch__state=Batch.State.OFFERED)
    for publication in lost.filter(assignments__hold__closed_at__isnull=True).distinct():
        mark_gone(publication=publication, reason="never arrived in Label Studio")
    return num_deleted


def _move_cursor(project: LabelingProject, changed: Sequence[Changed], checked_at: datetime | None) -> None:
    values = {"last_synced_at": timezone.now(), "last_error": "", "syncing_since": None}
    LabelingProject.objects.filter(pk=project.pk).update(**values)
    if checked_at is not None:
        LabelingProject.objects.filter(pk=project.pk).update(last_checked_at=checked_at)
    if changed:
        latest = max(one.updated_at for one in changed)
        LabelingProject.objects.filter(pk=project.pk).update(synced_until=latest)
