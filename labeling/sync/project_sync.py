"""Fetching annotations from Label Studio: idempotent, and safe to kill anywhere.

A sync lists all examples with the time of their last change, and fetches those whose time differs from the one merged.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from celery.exceptions import SoftTimeLimitExceeded
from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.db.models import Case, Exists, OuterRef, Q, QuerySet, Value, When
from django.utils import timezone

from accounts.models import User
from accounts.permissions import Action, require
from config.refusals import Refusal
from labeling.annotations import (
    GONE,
    MergeResult,
    People,
    forget_if_gone,
    mark_gone,
    merge,
    note_error,
    note_unreadable,
    notify_of,
    own_fault,
    pay_waiting,
)
from labeling.label_studio import (
    FetchedExample,
    LabelStudioClient,
    LabelStudioRefused,
    LabelStudioUnreachable,
    ListedExample,
    connect,
    correct_overlap,
    fetch,
)
from labeling.models import Annotation, AnnotationQuerySet, Assignment, Batch, LabelingProject, Publication
from labeling.publishing import resume_batches
from notices.operations import NoticeKind
from studies.models import Study

logger = logging.getLogger(__name__)

# How often what could not be read, and what is not ours, is looked at again.
CHECK_EVERY = timedelta(hours=1)
ROWS_PER_UPDATE = 500


class NothingPublished(Refusal):
    """The study has no project in Label Studio yet."""


@dataclass(frozen=True, kw_only=True)
class SyncResult:
    """Examples looked at, annotations new or changed, what could not be read (each told once); `error` if it failed."""

    num_examples: int = 0
    num_changed: int = 0
    error: str = ""
    troubles: tuple[str, ...] = ()


def sync_study(*, actor: User, study: Study) -> SyncResult:
    """Bring a study's annotations up to date because a person asked: everything is compared.

    Raises: Forbidden; NothingPublished.
    """
    require(actor=actor, action=Action.SYNC_LABELS)
    return sync(project=published_project(study=study), check_all=True)


def published_project(*, study: Study) -> LabelingProject:
    """Find a study's project in Label Studio. Raises: NothingPublished."""
    project = LabelingProject.objects.filter(study=study, label_studio_id__isnull=False).first()
    if project is None:
        raise NothingPublished(f"“{study}” has nothing published in Label Studio: a manager publishes examples first.")
    return project


def sync_all() -> None:
    """Bring every study's annotations up to date. One that fails does not keep the others waiting."""
    for project in LabelingProject.objects.filter(label_studio_id__isnull=False).order_by("pk"):
        _notify_if_late(project)
        sync(project=project)


def _notify_if_late(project: LabelingProject) -> None:
    """Notify, once per outage, if syncs have failed, hung or been killed for SYNC_LATE_MINUTES."""
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


def sync(*, project: LabelingProject, check_all: bool = False) -> SyncResult:
    """Fetch and merge what changed in Label Studio since the last time, and finish batches left half-sent.

    An error is recorded on the project, shown there, and cleared by the next success. A project that was deleted in
    Label Studio has its holds released.

    Parameters: `check_all` looks again at what could not be read, too; every hour by default.
    """
    # The first sync since the last success; a finished one clears it.
    there = LabelingProject.objects.filter(pk=project.pk, label_studio_id__isnull=False)
    there.filter(syncing_since=None).update(syncing_since=timezone.now())
    try:
        return _sync_or_forget(project, connect(), check_all)
    except (LabelStudioUnreachable, LabelStudioRefused) as trouble:
        logger.warning("sync of project %s: %s", project.pk, trouble)
        error = str(trouble)
    except SoftTimeLimitExceeded:
        raise
    except Exception as fault:  # one study must not keep the others waiting; recorded, shown and logged
        logger.exception("sync of project %s", project.pk)
        error = own_fault(fault)
    note_error(project=project, error=error)
    return SyncResult(error=error)


def fetch_all(project: LabelingProject) -> bool:
    """Merge what was submitted. Returns: whether the project is still there. Raises: LabelStudioUnreachable."""
    error = sync(project=project).error
    if error:
        raise LabelStudioUnreachable(error)
    project.refresh_from_db()
    return project.label_studio_id is not None


def _sync_or_forget(project: LabelingProject, client: LabelStudioClient, check_all: bool) -> SyncResult:
    LabelingProject.objects.filter(pk=project.pk).update(hinted_at=None)
    project.refresh_from_db()
    if project.label_studio_id is None:
        return SyncResult()
    try:
        return _sync(project, client, check_all)
    except LabelStudioRefused:
        if not forget_if_gone(project=project, client=client):
            raise
        return SyncResult(troubles=(GONE,))


def _sync(project: LabelingProject, client: LabelStudioClient, check_all: bool) -> SyncResult:
    assert project.label_studio_id is not None
    resume_batches(project=project, client=client)
    began_at = timezone.now()
    check_all = check_all or project.last_checked_at is None or began_at - project.last_checked_at > CHECK_EVERY
    # What had been sent or answered before the listing, and is not in it, was deleted.
    published = _published(project)
    answered = set(_answers(project).values_list("label_studio_example_id", flat=True).distinct()) - {None}
    listed = client.examples(project_id=project.label_studio_id)
    _note_untouched(project, listed)
    stale = _stale(project, listed, check_all)
    merged = _merge_all(project, client, stale)
    present = {one.id for one in listed}
    num_changed = merged.num_changed + _mark_vanished(project, published, present)
    num_changed += _answers(project).filter(label_studio_example_id__in=answered - present).mark_deleted()
    pay_waiting(study=project.study)
    correct_overlap(project=project, client=client, listed=listed)
    _note_end(project, listed, began_at if check_all else None)
    return SyncResult(num_examples=len(stale), num_changed=num_changed, troubles=merged.troubles)


def _note_untouched(project: LabelingProject, listed: Sequence[ListedExample]) -> None:
    """Note the time of what was not touched since it was sent."""
    answered = Annotation.objects.filter(example=OuterRef("example"), deleted_at__isnull=True)
    new = Publication.objects.filter(
        ~Exists(answered), batch__project=project, label_studio_updated_at__isnull=True, num_answers=0, trouble=""
    )
    ids = set(new.values_list("label_studio_id", flat=True))
    untouched = [one for one in listed if one.id in ids and one.num_answers == one.num_skips == 0]
    for start in range(0, len(untouched), ROWS_PER_UPDATE):
        some = untouched[start : start + ROWS_PER_UPDATE]
        times = Case(*[When(label_studio_id=one.id, then=Value(one.updated_at)) for one in some])
        new.filter(label_studio_id__in=[one.id for one in some]).update(label_studio_updated_at=times)


def _stale(project: LabelingProject, listed: Sequence[ListedExample], check_all: bool) -> list[ListedExample]:
    """Pick what is not merged in its present state, and what may be acceptable by now."""
    publications = Publication.objects.filter(batch__project=project, label_studio_id__isnull=False)
    merged = dict(publications.values_list("label_studio_id", "label_studio_updated_at"))
    again = set(_acceptable_now(publications).values_list("label_studio_id", flat=True))
    if check_all:
        rejected = Q(example__annotations__state=Annotation.State.REJECTED)
        again |= set(publications.filter(rejected | ~Q(trouble="")).values_list("label_studio_id", flat=True))
    until = project.synced_until

    def is_stale(one: ListedExample) -> bool:
        if one.id in merged:
            return one.id in again or merged[one.id] != one.updated_at
        # It may be a copy of an example.
        return check_all or until is None or one.updated_at > until

    return [one for one in listed if is_stale(one)]


def _acceptable_now(publications: QuerySet[Publication]) -> QuerySet[Publication]:
    """List those whose annotator has an account by now, or whose surplus answer is requested by now."""
    accounts = [email.lower() for email in User.objects.filter(is_active=True).values_list("email", flat=True)]
    there = Annotation.objects.filter(example=OuterRef("example"), deleted_at__isnull=True)
    # A paid skip names its maker even while they have no account.
    was_unknown = Q(annotator__isnull=True) | Q(entry__isnull=False)
    unknown = there.filter(was_unknown, state=Annotation.State.REJECTED, completed_by__in=accounts)
    theirs = Annotation.objects.filter(
        example=OuterRef("example"), annotator=OuterRef("annotator"), state=Annotation.State.ACCEPTED
    )
    surplus = there.filter(~Exists(theirs), state=Annotation.State.SURPLUS)
    free = Assignment.objects.asking().filter(publication=OuterRef("pk"), kept_for__isnull=True)
    return publications.filter(Exists(unknown) | Exists(surplus) & Exists(free))


def _merge_all(project: LabelingProject, client: LabelStudioClient, stale: Sequence[ListedExample]) -> MergeResult:
    if not stale:
        return MergeResult()
    assert project.label_studio_id is not None
    accounts = {user.email.lower(): user for user in User.objects.filter(is_active=True)}
    people = People(emails=client.people(), accounts=accounts)
    fetched = fetch(client=client, project_id=project.label_studio_id, listed=stale)
    merged = [_merge_one(project, one, people) for one in fetched]
    return MergeResult(
        num_changed=sum(one.num_changed for one in merged),
        troubles=tuple(trouble for one in merged for trouble in one.troubles),
    )


def _merge_one(project: LabelingProject, fetched: FetchedExample, people: People) -> MergeResult:
    publication = _publication(project, fetched)
    if publication is None:
        return MergeResult()
    trouble, changed_at = fetched.trouble, fetched.listed.updated_at
    if fetched.example is not None:
        try:
            return merge(publication=publication, remote=fetched.example, people=people, changed_at=changed_at)
        except (OperationalError, InterfaceError, SoftTimeLimitExceeded):
            raise
        except Exception as fault:  # one example must not stop the others; kept, shown and logged
            logger.exception("merging example %s", fetched.listed.id)
            trouble = own_fault(fault)
    is_new = note_unreadable(publication=publication, reason=trouble, changed_at=changed_at)
    return MergeResult(troubles=(trouble,) if is_new else ())


def _publication(project: LabelingProject, fetched: FetchedExample) -> Publication | None:
    """Find the publication by its own uid, or by its id; None for what others put into the project."""
    ours = Publication.objects.filter(batch__project=project)
    try:
        uid = UUID(fetched.example.item_uid if fetched.example else "")
    except ValueError:
        return ours.filter(label_studio_id=fetched.listed.id).first()
    return ours.filter(example__uid=uid).first()


def _published(project: LabelingProject) -> list[Publication]:
    waiting = Assignment.objects.filter(publication=OuterRef("pk"), hold__closed_at__isnull=True)
    sent = Publication.objects.filter(batch__project=project, batch__state=Batch.State.PUBLISHED)
    return list(sent.filter(Q(label_studio_id__isnull=False) | Exists(waiting)).defer("trouble"))


def _answers(project: LabelingProject) -> AnnotationQuerySet:
    """List annotations that are in Label Studio, those of copies of examples included."""
    return Annotation.objects.filter(example__publication__batch__project=project, deleted_at__isnull=True)


def _mark_vanished(project: LabelingProject, published: Sequence[Publication], present: set[int]) -> int:
    """Mark what the listing lacks although it was sent before, arrived or not."""
    if LabelingProject.objects.filter(pk=project.pk, closed_at__isnull=False).exists():
        # The withdrawal deleted it, and releases the money.
        return 0
    num_deleted = 0
    for publication in published:
        if publication.label_studio_id is None:
            mark_gone(publication=publication, reason="never arrived in Label Studio")
        elif publication.label_studio_id not in present:
            num_deleted += mark_gone(publication=publication)
    return num_deleted


def _note_end(project: LabelingProject, listed: Sequence[ListedExample], checked_at: datetime | None) -> None:
    values: dict[str, object] = {"last_synced_at": timezone.now(), "last_error": "", "syncing_since": None}
    if checked_at is not None:
        values["last_checked_at"] = checked_at
    if listed:
        values["synced_until"] = max(one.updated_at for one in listed)
    LabelingProject.objects.filter(pk=project.pk).update(**values)
