"""Reads of labelling for pages, commands and exports."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from accounts.models import User
from budgets.models import BudgetStop
from labeling.models import Annotation, Assignment, Batch, LabelingProject, Publication
from labeling.withdraw import kept_open, withdrawn
from studies.models import Example, Study

State = Annotation.State
TROUBLES_SHOWN = 20


@dataclass(frozen=True, kw_only=True)
class LabelingStatus:
    """The state of a study's labelling. `published` and `annotated` count examples, the rest annotations."""

    published: int
    being_sent: int
    annotated: int
    accepted: int
    skipped: int
    rejected: int
    surplus: int
    last_synced_at: datetime | None
    last_error: str
    url: str
    gone_at: datetime | None
    troubles: Sequence["ExampleTrouble"]
    stop: "StopStatus | None"


@dataclass(frozen=True, kw_only=True)
class ExampleTrouble:
    """An example whose annotations could not all be read, and why."""

    example: Example
    reason: str


@dataclass(frozen=True, kw_only=True)
class StopStatus:
    """What a stop, or one just being undone, does to labelling. People are those who keep something open."""

    reason: str
    is_standing: bool
    is_done: bool
    num_withdrawn: int
    num_kept: int
    num_people: int


@dataclass(frozen=True, kw_only=True)
class WorkWaiting:
    study: Study
    num_left: int


def status(study: Study) -> LabelingStatus:
    project = LabelingProject.objects.filter(study=study).first() or LabelingProject(study=study)
    publications = Publication.objects.filter(example__study=study)
    annotations = Annotation.objects.filter(example__study=study)
    counts = dict(annotations.values_list("state").annotate(Count("pk")))
    in_trouble = publications.exclude(trouble="").select_related("example").order_by("example__rank")
    return LabelingStatus(
        published=publications.filter(batch__state=Batch.State.PUBLISHED, withdrawn_at__isnull=True).count(),
        being_sent=publications.filter(batch__state=Batch.State.PENDING).count(),
        annotated=annotations.filter(state=State.ACCEPTED).values("example").distinct().count(),
        accepted=counts.get(State.ACCEPTED, 0),
        skipped=counts.get(State.SKIPPED, 0),
        rejected=counts.get(State.REJECTED, 0),
        surplus=counts.get(State.SURPLUS, 0),
        last_synced_at=project.last_synced_at,
        last_error=project.last_error,
        url=_url(project),
        gone_at=project.gone_at,
        troubles=[ExampleTrouble(example=one.example, reason=one.trouble) for one in in_trouble[:TROUBLES_SHOWN]],
        stop=_stop_status(study, project),
    )


def _stop_status(study: Study, project: LabelingProject) -> StopStatus | None:
    """Describe an active stop, or one that is being undone."""
    stop = BudgetStop.objects.filter(budget=study.budget_id).order_by("-started_at").first()
    if stop is None or (stop.ended_at is not None and project.closed_at is None):
        return None
    kept = kept_open(study=study)
    is_withdrawn = project.withdrawn_at is not None and project.withdrawn_at >= stop.started_at
    return StopStatus(
        reason=stop.reason.rstrip("."),
        is_standing=stop.ended_at is None,
        is_done=project.pk is None or is_withdrawn,
        num_withdrawn=withdrawn(study=study).count(),
        num_kept=kept.count(),
        num_people=kept.values("kept_for").distinct().count(),
    )


def work_waiting(user: User) -> list[WorkWaiting]:
    """Studies with published examples that this person has not annotated and that still need an annotation."""
    is_theirs = Q(deleted_at__isnull=True) | Q(state=State.ACCEPTED)
    mine = Annotation.objects.filter(is_theirs, example=OuterRef("example"), annotator=user)
    free_to_them = Q(hold__budget__stopped_at__isnull=True) | Q(kept_for=user)
    wanting = Assignment.objects.asking().filter(free_to_them, publication=OuterRef("pk"))
    open_to_them = Publication.objects.filter(Exists(wanting), ~Exists(mine), batch__state=Batch.State.PUBLISHED)
    counts = dict(open_to_them.values_list("example__study").annotate(Count("pk")).order_by())
    studies = Study.objects.filter(pk__in=counts).order_by("name")
    return [WorkWaiting(study=study, num_left=counts[study.pk]) for study in studies]


def work_done(user: User) -> QuerySet[Annotation]:
    """What a person did, latest first, with what each was paid."""
    done = Annotation.objects.with_pay().filter(annotator=user).select_related("example__study", "entry__budget")
    return done.order_by("-created_at", "-pk")


def _url(project: LabelingProject) -> str:
    if project.label_studio_id is None or not settings.LABEL_STUDIO_URL:
        return ""
    return f"{settings.LABEL_STUDIO_URL}/projects/{project.label_studio_id}/data"
