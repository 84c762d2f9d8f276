"""Reads of labelling for pages, commands and exports."""

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db.models import Count, Exists, OuterRef, QuerySet

from accounts.models import User
from labeling.models import Annotation, Assignment, Batch, LabelingProject, Publication
from studies.models import Study

State = Annotation.State


@dataclass(frozen=True, kw_only=True)
class LabelingStatus:
    """How labelling of a study stands. `offered` and `annotated` count examples, the rest annotations."""

    offered: int
    being_sent: int
    annotated: int
    accepted: int
    skipped: int
    rejected: int
    surplus: int
    last_synced_at: datetime | None
    last_error: str
    url: str


@dataclass(frozen=True, kw_only=True)
class WorkWaiting:
    """Examples of a study that a person may still label."""

    study: Study
    num_left: int


def status(study: Study) -> LabelingStatus:
    project = LabelingProject.objects.filter(study=study).first()
    offered = Publication.objects.filter(example__study=study, batch__state=Batch.State.OFFERED)
    annotations = Annotation.objects.filter(example__study=study)
    counts = dict(annotations.values_list("state").annotate(Count("pk")))
    return LabelingStatus(
        offered=offered.count(),
        being_sent=Publication.objects.filter(example__study=study, batch__state=Batch.State.PENDING).count(),
        annotated=annotations.filter(state=State.ACCEPTED).values("example").distinct().count(),
        accepted=counts.get(State.ACCEPTED, 0),
        skipped=counts.get(State.SKIPPED, 0),
        rejected=counts.get(State.REJECTED, 0),
        surplus=counts.get(State.SURPLUS, 0),
        last_synced_at=project.last_synced_at if project else None,
        last_error=project.last_error if project else "",
        url=_url(project),
    )


def work_waiting(user: User) -> list[WorkWaiting]:
    """Studies with examples on offer that this person has not answered and that still want an annotation."""
    mine = Annotation.objects.filter(example=OuterRef("example"), annotator=user, deleted_at__isnull=True)
    wanting = Assignment.objects.filter(
        publication=OuterRef("pk"), annotation__isnull=True, hold__closed_at__isnull=True
    )
    open_to_them = Publication.objects.filter(Exists(wanting), ~Exists(mine), batch__state=Batch.State.OFFERED)
    counts = dict(open_to_them.values_list("example__study").annotate(Count("pk")).order_by())
    studies = Study.objects.filter(pk__in=counts).order_by("name")
    return [WorkWaiting(study=study, num_left=counts[study.pk]) for study in studies]


def work_done(user: User) -> QuerySet[Annotation]:
    """What a person did, latest first, with what each was paid."""
    done = Annotation.objects.filter(annotator=user).select_related("example__study", "entry__budget")
    return done.order_by("-created_at", "-pk")


def _url(project: LabelingProject | None) -> str:
    if project is None or project.label_studio_id is None or not settings.LABEL_STUDIO_URL:
        return ""
    return f"{settings.LABEL_STUDIO_URL}/projects/{project.label_studio_id}/data"
