"""Lead times by this server's clock: nobody's answers take longer, all together, than the time that passed.

A browser reports how long an answer took, and can report anything. Each person has one clock here. An example gets the
time since they opened it, or since any of their work was last counted if that is later; so two windows share the time.
"""

import logging
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import Sum
from django.utils import timezone
from tasks.models import Annotation, AnnotationDraft, Task
from users.models import User

from labeling.server.access import ANNOTATION, GuardedRequest, read_body, replace_body, report_cut
from labeling.server.models import CutLeadTime, ExampleTime, PersonTime
from labeling.server.projects import asks_for_next
from labeling.server.rules import FulcrumUnreachable
from labeling.tickets import LeadTimeReport

# Smaller cuts are not recorded.
OUTLIER_SECONDS = 1.0
# In one request, for which a person waits.
MAX_REPORTS = 20
logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class _LeadTimeReport:
    """Which example a request reports a lead time for, and the seconds that Label Studio has so far."""

    task_id: int
    annotation_id: int | None = None
    before: float = 0.0
    is_own: bool = True


def enter(user: Any) -> None:
    """Start a person's clock, for answers to an example that they never opened."""
    PersonTime.objects.update_or_create(user_id=user.pk, defaults={"entered_at": timezone.now()})


def limit(guarded: GuardedRequest) -> None:
    """Lower the lead time in a checked request to what its sender can have spent."""
    report = _report(guarded)
    if report is None or guarded.caller.is_replay:
        return
    request, body = guarded.http, read_body(guarded.http)
    told = body.get("lead_time")
    if not report.is_own:
        # Only the annotator reports their time.
        body.pop("lead_time", None)
    else:
        most = max(_count(guarded.caller.user.pk, report), report.before)
        if told is None or told <= most:
            return
        body["lead_time"] = round(most, 3)
        request.fulcrum_cut = (told, body["lead_time"])
    replace_body(request, body)


def note(guarded: GuardedRequest, response: Any) -> None:
    """Record that an example was opened, or that an annotation's lead time was cut."""
    data = response.data if isinstance(response.data, dict) else {}
    if "id" not in data:
        return
    user_id = guarded.caller.user.pk
    if guarded.route == "tasks:api:task-detail" or asks_for_next(guarded):
        _open(user_id, data["id"])
    told, kept = getattr(guarded.http, "fulcrum_cut", (0.0, 0.0))
    if "completed_by" in data and told - kept > OUTLIER_SECONDS:
        values = {"told": told, "kept": kept, "at": timezone.now(), "reported_at": None}
        where = {"user_id": user_id, "project_id": data.get("project")}
        CutLeadTime.objects.update_or_create(annotation_id=data["id"], defaults={**values, **where})
        report_cuts()


def report_cuts() -> None:
    """Report cuts to Fulcrum that it does not have yet; those that fail now go with the next."""
    for cut in CutLeadTime.objects.filter(reported_at=None).order_by("at")[:MAX_REPORTS]:
        email = User.objects.filter(pk=cut.user_id).values_list("email", flat=True).first() or ""
        project, annotation = cut.project_id or 0, cut.annotation_id
        report = LeadTimeReport(project=project, annotation=annotation, email=email, reported=cut.told, kept=cut.kept)
        try:
            report_cut(report)
        except FulcrumUnreachable as error:
            logger.warning("%s To be reported later: %s.", error, cut)
            return
        CutLeadTime.objects.filter(pk=cut.pk, at=cut.at).update(reported_at=timezone.now())


def _report(guarded: GuardedRequest) -> _LeadTimeReport | None:
    route, kwargs = guarded.route, guarded.kwargs
    if guarded.method == "POST" and route in {"tasks:api:task-annotations", "tasks:api:task-drafts"}:
        return _LeadTimeReport(task_id=kwargs["pk"])
    if guarded.method == "POST" and route == "tasks:api:task-annotations-drafts":
        return _of_annotation(guarded, kwargs["annotation_id"])
    if guarded.method == "PATCH" and route == ANNOTATION:
        return _of_annotation(guarded, kwargs["pk"])
    if guarded.method == "PATCH" and route == "tasks:api-drafts:draft-detail":
        draft = AnnotationDraft.objects.filter(pk=kwargs["pk"]).first()
        return draft and _LeadTimeReport(
            task_id=draft.task_id, annotation_id=draft.annotation_id, before=draft.lead_time or 0
        )
    return None


def _of_annotation(guarded: GuardedRequest, pk: int) -> _LeadTimeReport | None:
    found = Annotation.objects.filter(pk=pk).values("task_id", "completed_by_id", "lead_time").first()
    return found and _LeadTimeReport(
        task_id=found["task_id"],
        annotation_id=pk,
        before=found["lead_time"] or 0.0,
        is_own=found["completed_by_id"] == guarded.caller.user.pk,
    )


@transaction.atomic
def _open(user_id: int, task_id: int) -> None:
    row, is_new = ExampleTime.objects.get_or_create(
        user_id=user_id, task_id=task_id, defaults={"opened_at": timezone.now()}
    )
    # The page fetches an example more than once: the first time counts, until time on it was counted.
    if not is_new and (row.opened_at is None or (row.counted_at is not None and row.counted_at >= row.opened_at)):
        ExampleTime.objects.filter(pk=row.pk).update(opened_at=timezone.now())


@transaction.atomic
def _count(user_id: int, report: _LeadTimeReport) -> float:
    """Count the time until now. Returns: the seconds that no other annotation of theirs on this example has."""
    if not Task.objects.filter(pk=report.task_id).exists():
        return 0.0
    # The row's lock serialises one person's requests, so that no second is counted twice.
    person, _ = PersonTime.objects.select_for_update().get_or_create(
        user_id=user_id, defaults={"entered_at": timezone.now()}
    )
    row, _ = ExampleTime.objects.get_or_create(user_id=user_id, task_id=report.task_id)
    now, began = timezone.now(), row.opened_at or person.entered_at
    since = began if person.counted_at is None else max(began, person.counted_at)
    row.seconds += max(0.0, (now - since).total_seconds())
    row.counted_at = person.counted_at = now
    row.save()
    person.save()
    others = Annotation.objects.filter(task=report.task_id, completed_by=user_id).exclude(pk=report.annotation_id)
    return max(0.0, row.seconds - (others.aggregate(total=Sum("lead_time"))["total"] or 0.0))
