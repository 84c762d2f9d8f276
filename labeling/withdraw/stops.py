"""Stopped budgets: what nobody has open is withdrawn, and published again when the budget resumes."""

from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils import timezone

from budgets.ledger import BudgetStopped
from budgets.models import BudgetStop
from labeling.annotations import forget_if_gone
from labeling.label_studio import LabelStudioClient, LabelStudioRefused, Withdrawal
from labeling.models import Annotation, Assignment, LabelingProject, Publication
from labeling.publishing import NoneFits, PublishRequest, hold_batch, resume_batches, withdraw_unsent
from labeling.records import REPUBLISHED, WITHDRAWN, record_labelling
from labeling.sync import fetch_all
from labeling.withdraw.release import attempt, portions, release_holds
from studies.models import Label, Study


def follow_stops() -> None:
    """Withdraw what stopped budgets no longer pay for, and publish again what resumed ones do.

    May be killed anywhere: the next call continues. Label Studio's errors are shown on the study's page, and retried.
    """
    for project in _to_withdraw():
        attempt(project, withdraw)
    resumed = LabelingProject.objects.filter(closed_at__isnull=False, study__budget__stopped_at__isnull=True)
    for project in resumed.select_related("study__budget").order_by("pk"):
        attempt(project, republish)


def withdraw(*, project: LabelingProject, client: LabelStudioClient) -> None:
    """Close a stopped project in Label Studio and release what is held for work that nobody has open.

    What was submitted before is fetched and paid first. Repeated, it also releases what was kept open too long. Where
    an unsent batch may still arrive, nothing is released yet.
    """
    assert project.label_studio_id is not None
    stop = BudgetStop.objects.filter(budget__study=project.study_id, ended_at__isnull=True).first()
    if stop is None:
        return
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
        return
    if not fetch_all(project) or not is_all_here:
        return
    num_withdrawn = _release_all(project, found, reason=f"withdrawn: {stop.reason}")
    with transaction.atomic():
        LabelingProject.objects.filter(pk=project.pk).update(withdrawn_at=timezone.now(), last_error="")
        if num_withdrawn:
            after = {"examples": num_withdrawn, "kept_open": len(found.kept)}
            record_labelling(project=project, action=WITHDRAWN, after=after)


def republish(*, project: LabelingProject, client: LabelStudioClient) -> None:
    """Open a resumed project and publish what was withdrawn again, in rank order, as far as the money goes."""
    assert project.label_studio_id is not None
    # What a sync has not fetched yet may fill what would be published again.
    if not fetch_all(project):
        return
    try:
        num_published = _hold_again(project)
    except BudgetStopped:
        return
    still_there = withdrawn(study=project.study).values_list("label_studio_id", flat=True)
    client.reopen(project_id=project.label_studio_id, shut=[pk for pk in still_there if pk is not None])
    resume_batches(project=project, client=client)
    with transaction.atomic():
        Assignment.objects.filter(publication__batch__project=project).update(kept_for=None)
        LabelingProject.objects.filter(pk=project.pk).update(closed_at=None, withdrawn_at=None)
        after = {"examples": num_published, "left_withdrawn": withdrawn(study=project.study).count()}
        record_labelling(project=project, action=REPUBLISHED, after=after)


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


def _release_all(project: LabelingProject, found: Withdrawal, *, reason: str) -> int:
    """Release every hold whose work nobody has open, some at a time. Returns: of how many examples."""
    waiting = Publication.objects.filter(
        batch__project=project, assignments__annotation__isnull=True, assignments__hold__closed_at__isnull=True
    )
    because = Publication.Because.STOPPED
    ids = sorted(set(waiting.values_list("pk", flat=True)))
    return sum(release_holds(ids=some, found=found, because=because, reason=reason) for some in portions(ids))


def _hold_again(project: LabelingProject) -> int:
    """Hold what was withdrawn again, as much as fits. Returns: how many examples. Raises: BudgetStopped."""
    num_published, study = 0, project.study
    examples = study.examples.exclude(label__source=Label.Source.IMPORT).order_by("rank")
    while first := withdrawn(study=study).order_by("pk").first():
        wanted = PublishRequest(
            by=first.batch.created_by,
            study=study,
            examples=examples.filter(publication__in=withdrawn(study=study)),
            num_examples=withdrawn(study=study).count(),
            action=REPUBLISHED,
        )
        try:
            held = hold_batch(wanted)
        except NoneFits:
            break
        num_published += held.num_examples if held else 0
        if held is None or held.num_short:
            break
    return num_published
