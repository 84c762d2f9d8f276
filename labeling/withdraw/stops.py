"""Stopped budgets: what nobody has open is withdrawn, and published again when the budget resumes."""

import logging
import uuid
from collections.abc import Callable
from datetime import timedelta

from celery.exceptions import SoftTimeLimitExceeded
from django.conf import settings
from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils import timezone

from budgets.ledger import BudgetStopped
from budgets.models import BudgetStop
from budgets.prices import PriceMissing
from labeling.annotations import forget_if_gone, note_error, own_fault
from labeling.label_studio import (
    LabelStudioClient,
    LabelStudioRefused,
    LabelStudioUnreachable,
    Withdrawal,
    alone_with,
    connect,
)
from labeling.models import Annotation, Assignment, LabelingProject, Publication
from labeling.publishing import NoneFits, PublishRequest, hold_batch, resume_batches, withdraw_unsent
from labeling.records import REPUBLISHED, WITHDRAWN, record_labelling
from labeling.sync import sync
from labeling.withdraw.release import portions, release_holds
from studies.models import Example, Label, Study

logger = logging.getLogger(__name__)


def follow_stops() -> None:
    """Withdraw what stopped budgets no longer pay for, and publish again what resumed ones do.

    Looks at rows only and may be killed anywhere: the next call continues. Label Studio's errors are shown on the
    project's page, and retried.
    """
    for project in _to_withdraw():
        _attempt(project, withdraw)
    for project in _to_republish():
        _attempt(project, republish)


def withdraw(*, project: LabelingProject, client: LabelStudioClient) -> bool:
    """Close a stopped project in Label Studio and release what is held for work that nobody has open.

    What was submitted before is fetched and paid first. Repeated, it also releases what was kept open too long.

    Returns: False where an unsent batch may still arrive; it is to be repeated then.
    Raises: LabelStudioUnreachable; LabelStudioRefused.
    """
    assert project.label_studio_id is not None
    stop = BudgetStop.objects.filter(budget__study=project.study_id, ended_at__isnull=True).first()
    if stop is None:
        return True
    LabelingProject.objects.filter(pk=project.pk, closed_at__isnull=True).update(closed_at=timezone.now())
    is_all_here = withdraw_unsent(project=project)
    try:
        found = client.withdraw(
            project_id=project.label_studio_id,
            message=f"Labelling of this study is stopped: {stop.reason}",
            keep_seconds=settings.KEPT_OPEN_HOURS * 3600,
        )
    except LabelStudioRefused:
        if not forget_if_gone(project=project, client=client):
            raise
        return True
    if not _fetch_all(project):
        return True
    if not is_all_here:
        return False
    num_withdrawn = _release_all(project, found, reason=f"withdrawn: {stop.reason}")
    _note_withdrawn(project, num_withdrawn=num_withdrawn, num_kept=len(found.kept))
    return True


def republish(*, project: LabelingProject, client: LabelStudioClient) -> bool:
    """Open a resumed project and publish what was withdrawn again, in rank order, as far as the money goes.

    Returns: False where its budget stopped again meanwhile.
    Raises: LabelStudioUnreachable; LabelStudioRefused.
    """
    assert project.label_studio_id is not None
    # What a sync has not fetched yet may fill what would be published again.
    if not _fetch_all(project):
        return True
    num_published = _hold_again(project)
    if num_published is None:
        return False
    still_there = withdrawn(study=project.study).values_list("label_studio_id", flat=True)
    client.reopen(project_id=project.label_studio_id, shut=[pk for pk in still_there if pk is not None])
    resume_batches(project=project, client=client)
    with transaction.atomic():
        Assignment.objects.filter(publication__batch__project=project).update(kept_for=None)
        LabelingProject.objects.filter(pk=project.pk).update(closed_at=None, withdrawn_at=None)
        after = {"examples": num_published, "left_withdrawn": withdrawn(study=project.study).count()}
        record_labelling(project=project, action=REPUBLISHED, after=after)
    return True


def withdrawn(*, study: Study) -> QuerySet[Publication]:
    """List what a stop withdrew and what was not published again since."""
    return Publication.objects.filter(
        Exists(Assignment.objects.given_back().filter(publication=OuterRef("pk"))),
        example__study=study,
        withdrawn_at__isnull=False,
        withdrawn_because=Publication.Because.STOPPED,
    )


def kept_open(*, study: Study) -> QuerySet[Assignment]:
    """List what people had open when a stop came and may still finish."""
    return Assignment.objects.waiting().filter(publication__example__study=study, kept_for__isnull=False)


def _to_withdraw() -> QuerySet[LabelingProject]:
    """List projects whose budget stopped since the last withdrawal, or that keep examples open too long."""
    stopped = LabelingProject.objects.filter(
        label_studio_id__isnull=False, study__budget__stopped_at__isnull=False
    ).select_related("study__budget")
    is_new = Q(withdrawn_at__isnull=True) | Q(withdrawn_at__lt=F("study__budget__stopped_at"))
    kept = Assignment.objects.waiting().filter(publication__batch__project=OuterRef("pk"), kept_for__isnull=False)
    theirs = Annotation.objects.filter(example=OuterRef("publication__example"), annotator=OuterRef("kept_for"))
    is_too_long = Q(Exists(kept), closed_at__lt=timezone.now() - timedelta(hours=settings.KEPT_OPEN_HOURS))
    return stopped.filter(is_new | is_too_long | Q(Exists(kept.filter(Exists(theirs))))).order_by("pk")


def _to_republish() -> QuerySet[LabelingProject]:
    resumed = LabelingProject.objects.filter(closed_at__isnull=False, study__budget__stopped_at__isnull=True)
    return resumed.select_related("study__budget").order_by("pk")


def _attempt(project: LabelingProject, work: Callable[..., bool]) -> None:
    with alone_with(project) as is_ours:
        if not is_ours:
            return
        try:
            work(project=project, client=connect())
        except SoftTimeLimitExceeded:
            raise
        except (LabelStudioUnreachable, LabelStudioRefused, PriceMissing) as trouble:
            logger.warning("%s of project %s: %s", work.__name__, project.pk, trouble)
            note_error(project=project, error=str(trouble))
        except Exception as fault:  # one study must not keep the others waiting; shown and logged
            logger.exception("%s of project %s", work.__name__, project.pk)
            note_error(project=project, error=own_fault(fault))


def _fetch_all(project: LabelingProject) -> bool:
    """Merge what was submitted. Returns: whether the project is still there. Raises: LabelStudioUnreachable."""
    fetched = sync(project=project)
    if fetched.error:
        raise LabelStudioUnreachable(fetched.error)
    project.refresh_from_db()
    return project.label_studio_id is not None


def _release_all(project: LabelingProject, found: Withdrawal, *, reason: str) -> int:
    """Release every hold whose work nobody has open, some at a time. Returns: of how many examples."""
    waiting = Publication.objects.filter(
        batch__project=project, assignments__annotation__isnull=True, assignments__hold__closed_at__isnull=True
    )
    because = Publication.Because.STOPPED
    ids = sorted(set(waiting.values_list("pk", flat=True)))
    return sum(release_holds(ids=some, found=found, because=because, reason=reason) for some in portions(ids))


@transaction.atomic
def _note_withdrawn(project: LabelingProject, *, num_withdrawn: int, num_kept: int) -> None:
    LabelingProject.objects.filter(pk=project.pk).update(withdrawn_at=timezone.now(), last_error="")
    if num_withdrawn:
        after = {"examples": num_withdrawn, "kept_open": num_kept}
        record_labelling(project=project, action=WITHDRAWN, after=after)


def _hold_again(project: LabelingProject) -> int | None:
    """Hold what was withdrawn again, as much as fits. Returns: how many examples; None where the budget stopped."""
    num_published = 0
    while (left := withdrawn(study=project.study).count()) > 0:
        by = withdrawn(study=project.study).order_by("pk")[0].batch.created_by
        wanted = PublishRequest(
            by=by,
            study=project.study,
            examples=_examples_withdrawn(project.study),
            num_examples=left,
            uid=uuid.uuid4(),
            action=REPUBLISHED,
        )
        try:
            held = hold_batch(wanted)
        except NoneFits:
            break
        except BudgetStopped:
            return None
        num_published += held.num_examples if held else 0
        if held is None or held.num_short:
            break
    return num_published


def _examples_withdrawn(study: Study) -> QuerySet[Example]:
    still_wanted = study.examples.exclude(label__source=Label.Source.IMPORT)
    return still_wanted.filter(publication__in=withdrawn(study=study)).order_by("rank")
