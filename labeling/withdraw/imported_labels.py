"""Withdrawing published examples that have an imported label, and releasing their money.

What a person has open may be finished, and what was submitted is paid; the imported label stays.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from celery.exceptions import SoftTimeLimitExceeded
from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from labeling.annotations import decide_label
from labeling.label_studio import KeptOpen, LabelStudioClient, Withdrawal, set_overlap_of_batch
from labeling.models import Annotation, Assignment, Batch, LabelingProject, Publication
from labeling.records import WITHDRAWN, record_labelling
from labeling.sync import fetch_all
from labeling.withdraw.release import attempt, portions, release_holds
from studies.models import ImportBatch, Label, Study

logger = logging.getLogger(__name__)

REASON = "withdrawn: the example has an imported label"


@dataclass(frozen=True, kw_only=True)
class WithdrawResult:
    """Examples whose money was released, annotations still in progress, and why it could not be done."""

    num_examples: int = 0
    num_kept: int = 0
    error: str = ""


def withdraw_labelled_of(*, study: Study) -> WithdrawResult:
    """Withdraw published examples that have an imported label, if there are any.

    Errors of Label Studio are shown on the project's page; the schedule tries again.
    """
    project = _to_withdraw().filter(study=study).first()
    done = attempt(project, withdraw_labelled) if project else WithdrawResult()
    return WithdrawResult(error=done) if isinstance(done, str) else done


def follow_imported_labels() -> None:
    """Withdraw what has an imported label and was not withdrawn at the import. Looks at rows only."""
    for project in _to_withdraw():
        attempt(project, withdraw_labelled)


def follow_undone_imports() -> None:
    """Where an import is undone: what people annotated meanwhile is the label, and what one had open may be anybody's.

    Looks at rows only.
    """
    undone = ImportBatch.objects.filter(study=OuterRef("example__study"), state=ImportBatch.State.UNDONE)
    found = Publication.objects.filter(Exists(undone)).exclude(example__label__source=Label.Source.IMPORT)
    accepted = Annotation.objects.filter(example=OuterRef("example"), state=Annotation.State.ACCEPTED)
    undecided = found.filter(Exists(accepted)).exclude(example__label__source=Label.Source.ANNOTATION)
    for pk in list(undecided.order_by("pk").values_list("pk", flat=True)):
        try:
            with transaction.atomic():
                decide_label(Publication.objects.select_for_update().get(pk=pk))
        except SoftTimeLimitExceeded:
            raise
        except Exception:  # one example must not keep the others waiting; logged, and tried again
            logger.exception("the label of publication %s, whose import is undone", pk)
    going_on = found.filter(batch__project__closed_at__isnull=True, example__study__budget__stopped_at__isnull=True)
    kept = Assignment.objects.waiting().filter(kept_for__isnull=False, publication__in=going_on)
    Assignment.objects.filter(pk__in=list(kept.values_list("pk", flat=True))).update(kept_for=None)


def withdraw_labelled(*, project: LabelingProject, client: LabelStudioClient) -> WithdrawResult:
    """Close examples that have an imported label in Label Studio, and release what they hold.

    What was submitted before is fetched and paid first; what people have open is kept for them, for as long as after a
    stop. May be repeated, and killed anywhere.
    """
    chosen = list(_labelled(project).select_related("example__label", "batch").order_by("pk"))
    found = _shut(project, chosen, client)
    # What Label Studio deleted had no answer that a sync could bring.
    deleted = [one for one in chosen if one.label_studio_id not in found.left]
    num_withdrawn = _release(project, deleted, found)
    if not fetch_all(project):
        return WithdrawResult(num_examples=num_withdrawn)
    still_there = [one for one in chosen if one not in deleted]
    num_withdrawn += _release(project, still_there, found)
    for batch in {one.batch for one in still_there}:
        # The sync did not know yet for whom any of them is kept open.
        set_overlap_of_batch(project=project, client=client, batch=batch)
    num_kept = Assignment.objects.waiting().filter(publication__in=chosen, kept_for__isnull=False).count()
    return WithdrawResult(num_examples=num_withdrawn, num_kept=num_kept)


def _labelled(project: LabelingProject) -> QuerySet[Publication]:
    """List publications that still ask although their example has an imported label."""
    return Publication.objects.filter(
        Exists(Assignment.objects.waiting().filter(publication=OuterRef("pk"))),
        batch__project=project,
        batch__state=Batch.State.PUBLISHED,
        example__label__source=Label.Source.IMPORT,
    )


def _to_withdraw() -> QuerySet[LabelingProject]:
    """List projects with such publications, but for those that wait only for people who have them open."""
    waiting = Assignment.objects.waiting().filter(
        publication__batch__project=OuterRef("pk"),
        publication__batch__state=Batch.State.PUBLISHED,
        publication__example__label__source=Label.Source.IMPORT,
    )
    theirs = Annotation.objects.filter(example=OuterRef("publication__example"), annotator=OuterRef("kept_for"))
    overdue = Q(publication__example__label__created_at__lt=_longest_ago())
    is_due = Exists(waiting.filter(Q(kept_for__isnull=True) | overdue | Q(Exists(theirs))))
    projects = LabelingProject.objects.filter(
        is_due, label_studio_id__isnull=False, closed_at__isnull=True, study__budget__stopped_at__isnull=True
    )
    return projects.select_related("study__budget").order_by("pk")


def _longest_ago() -> datetime:
    return timezone.now() - timedelta(hours=settings.KEPT_OPEN_HOURS)


def _shut(project: LabelingProject, chosen: Sequence[Publication], client: LabelStudioClient) -> Withdrawal:
    """Close these in Label Studio; what is overdue is not kept open."""
    assert project.label_studio_id is not None
    there = {one.label_studio_id: one for one in chosen if one.label_studio_id is not None}
    kept: list[KeptOpen] = []
    left: set[int] = set()
    for some in portions(sorted(there)):
        in_time = [one for one in some if there[one].example.label.created_at >= _longest_ago()]
        found = client.shut(project_id=project.label_studio_id, ids=some, keep_open=in_time)
        kept += found.kept
        left |= found.left
    return Withdrawal(kept=tuple(kept), left=frozenset(left))


def _release(project: LabelingProject, chosen: Sequence[Publication], found: Withdrawal) -> int:
    """Release what publications hold, and record it. Returns: of how many examples."""
    return sum(_release_some(project, ids, found) for ids in portions(sorted(one.pk for one in chosen)))


@transaction.atomic
def _release_some(project: LabelingProject, ids: Sequence[int], found: Withdrawal) -> int:
    num_withdrawn = release_holds(ids=ids, found=found, because=Publication.Because.LABELLED, reason=REASON)
    if num_withdrawn:
        after = {"examples": num_withdrawn, "kept_open": len(found.kept), "because": "imported labels"}
        record_labelling(project=project, action=WITHDRAWN, after=after)
    return num_withdrawn
