"""Published examples that got a label from elsewhere: nobody else is asked, and the money is released.

What somebody has open may be finished, and what was submitted is paid; the imported label stays.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from accounts.audit import record
from accounts.models import User
from labeling.annotations import give_back, note_error
from labeling.label_studio import (
    Kept,
    LabelStudioClient,
    LabelStudioRefused,
    LabelStudioUnreachable,
    Withdrawal,
    alone_with,
    connect,
    set_overlap_of_batch,
)
from labeling.models import Annotation, Assignment, Batch, LabelingProject, Publication
from labeling.sync import sync
from studies.models import Label, Study

logger = logging.getLogger(__name__)

EXAMPLES_PER_CALL = 200
REASON = "withdrawn: the example has an imported label"


@dataclass(frozen=True, kw_only=True)
class WithdrawResult:
    """What came of withdrawing: examples whose money came back, answers still to come, what Label Studio said."""

    num_examples: int = 0
    num_kept: int = 0
    error: str = ""


def withdraw_labelled_of(*, study: Study) -> WithdrawResult:
    """Withdraw published examples that have an imported label, if there are any.

    Trouble with Label Studio stands on the project's page; the schedule tries again.
    """
    project = _to_withdraw().filter(study=study).first()
    return _attempt(project) if project else WithdrawResult()


def follow_imported_labels() -> None:
    """Withdraw what got a label from elsewhere, for whoever was stopped in between. Looks at rows only."""
    for project in _to_withdraw():
        _attempt(project)


def withdraw_labelled(*, project: LabelingProject, client: LabelStudioClient) -> WithdrawResult:
    """Have Label Studio ask nobody else for examples that have an imported label, and give back what they hold.

    What was submitted before is fetched and paid first; what people have open is kept for them, for as long as after a
    stop. May be repeated, and killed anywhere.
    Raises: LabelStudioUnreachable; LabelStudioRefused.
    """
    assert project.label_studio_id is not None
    chosen = list(_labelled(project).select_related("example__label", "batch").order_by("pk"))
    found = _shut(project, chosen, client)
    # What Label Studio deleted had no answer that a sync could bring.
    deleted = [one for one in chosen if one.label_studio_id not in found.left]
    num_withdrawn = _give_back(project, deleted, found)
    fetched = sync(project=project)
    if fetched.error:
        raise LabelStudioUnreachable(fetched.error)
    num_withdrawn += _give_back(project, [one for one in chosen if one not in deleted], found)
    for batch in {one.batch_id: one.batch for one in chosen if one not in deleted}.values():
        # The sync did not know yet for whom any of them is kept open.
        set_overlap_of_batch(project=project, client=client, batch=batch)
    num_kept = Assignment.objects.waiting().filter(publication__in=chosen, kept_for__isnull=False).count()
    return WithdrawResult(num_examples=num_withdrawn, num_kept=num_kept)


def _labelled(project: LabelingProject) -> QuerySet[Publication]:
    """Publications that still ask although their example has an imported label; what is being sent has to arrive."""
    return Publication.objects.filter(
        Exists(Assignment.objects.waiting().filter(publication=OuterRef("pk"))),
        batch__project=project,
        batch__state=Batch.State.OFFERED,
        example__label__source=Label.Source.IMPORT,
    )


def _to_withdraw() -> QuerySet[LabelingProject]:
    """Projects with such publications, but for those that wait for nobody but the people who have them open."""
    waiting = Assignment.objects.waiting().filter(
        publication__batch__project=OuterRef("pk"),
        publication__batch__state=Batch.State.OFFERED,
        publication__example__label__source=Label.Source.IMPORT,
    )
    theirs = Annotation.objects.filter(example=OuterRef("publication__example"), annotator=OuterRef("kept_for"))
    overdue = Q(publication__example__label__created_at__lt=_longest_ago())
    is_due = Exists(waiting.filter(Q(kept_for__isnull=True) | overdue | Q(Exists(theirs))))
    projects = LabelingProject.objects.filter(
        is_due, label_studio_id__isnull=False, closed_at__isnull=True, study__budget__stopped_at__isnull=True
    )
    return projects.select_related("study__budget").order_by("pk")


def _is_overdue(publication: Publication) -> bool:
    return publication.example.label.created_at < _longest_ago()


def _longest_ago() -> datetime:
    return timezone.now() - timedelta(hours=settings.KEPT_OPEN_HOURS)


def _attempt(project: LabelingProject) -> WithdrawResult:
    with alone_with(project) as is_ours:
        if not is_ours:
            return WithdrawResult(error="Another process is withdrawing them already.")
        try:
            return withdraw_labelled(project=project, client=connect())
        except (LabelStudioUnreachable, LabelStudioRefused) as error:
            logger.warning("withdrawing labelled examples of project %s: %s", project.pk, error)
            note_error(project=project, error=str(error))
            return WithdrawResult(error=str(error))


def _shut(project: LabelingProject, chosen: Sequence[Publication], client: LabelStudioClient) -> Withdrawal:
    """Have Label Studio offer these to nobody else; what is overdue is kept open for nobody."""
    assert project.label_studio_id is not None
    there = {one.label_studio_id: one for one in chosen if one.label_studio_id is not None}
    kept: list[Kept] = []
    left: set[int] = set()
    ids = sorted(there)
    for start in range(0, len(ids), EXAMPLES_PER_CALL):
        some = ids[start : start + EXAMPLES_PER_CALL]
        in_time = [one for one in some if not _is_overdue(there[one])]
        found = client.shut(project_id=project.label_studio_id, ids=some, keep_open=in_time)
        kept += found.kept
        left |= found.left
    return Withdrawal(kept=tuple(kept), left=frozenset(left))


def _give_back(project: LabelingProject, chosen: Sequence[Publication], found: Withdrawal) -> int:
    """Release what publications hold for annotations that nobody is making. Returns: of how many examples."""
    ids = sorted(one.pk for one in chosen)
    starts = range(0, len(ids), EXAMPLES_PER_CALL)
    return sum(_give_back_some(project, ids[at : at + EXAMPLES_PER_CALL], found) for at in starts)


@transaction.atomic
def _give_back_some(project: LabelingProject, ids: Sequence[int], found: Withdrawal) -> int:
    locked = Publication.objects.select_for_update(of=("self",)).filter(pk__in=ids).select_related("example")
    num_withdrawn = sum(_give_back_one(one, found) for one in locked.order_by("pk"))
    if num_withdrawn:
        _record(project, num_withdrawn, len(found.kept))
    return num_withdrawn


def _give_back_one(locked: Publication, found: Withdrawal) -> bool:
    emails = [one.email.lower() for one in found.kept if one.item_uid == str(locked.example.uid)]
    answered = Annotation.objects.filter(example=locked.example).values("annotator")
    people = User.objects.filter(email__in=emails, is_active=True).exclude(pk__in=answered).order_by("pk")
    because = Publication.Because.LABELLED
    num_given_back = give_back(publication=locked, because=because, reason=REASON, keep_for=list(people))
    if locked.label_studio_id not in found.left:
        locked.label_studio_id = None
        locked.save(update_fields=["label_studio_id"])
    return bool(num_given_back)


def _record(project: LabelingProject, num_withdrawn: int, num_kept: int) -> None:
    record(
        actor=None,
        action="labelling.withdraw",
        subject=f"Labelling of “{project.study}”",
        subject_id=project.pk,
        budget_id=project.study.budget_id,
        before={},
        after={"examples": num_withdrawn, "kept_open": num_kept, "because": "imported labels"},
    )
