# mypy: ignore-errors
# Label Studio's packages, and this app's models, are known in its own virtual environment only.
"""Lead times by this server's clock: nobody's answers take longer, all together, than the time that went by.

A browser says how long an answer took, and can say anything. Each person has one clock here. An example gets the time
since they opened it, or since anything of theirs was last counted if that is later; so two windows share the time.
"""

import logging
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Sum
from django.http import HttpRequest
from django.utils import timezone
from tasks.models import Annotation, AnnotationDraft, Task
from users.models import User

from labeling.server import bodies, gate
from labeling.server.access import report_cut
from labeling.server.identity import Caller
from labeling.server.models import CutLeadTime, ExampleTime, PersonTime
from labeling.server.role_cache import FulcrumSilent
from labeling.tickets import LeadTimeReport

# Below this, what was cut is not worth a look.
OUTLIER_SECONDS = 1.0
# In one request, which somebody waits for.
MOST_REPORTED = 20
logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class _Report:
    """Something that tells a lead time: for which example, and what stands in Label Studio so far."""

    task_id: int
    annotation_id: int | None = None
    before: float = 0.0
    is_own: bool = True


@dataclass(frozen=True, kw_only=True)
class _Cut:
    told: float
    kept: float


def enter(user: Any) -> None:
    """Start a person's clock, where they answer something that they never opened."""
    PersonTime.objects.update_or_create(user_id=user.pk, defaults={"entered_at": timezone.now()})


def limit(*, request: HttpRequest, route: str, caller: Caller, kwargs: dict[str, Any]) -> None:
    """Lower the lead time that a checked request tells to what its sender can have spent."""
    report = _report(request, route, caller, kwargs)
    if report is None or caller.is_replay:
        return
    body = bodies.read(request)
    if not report.is_own:
        # The time is its maker's to tell.
        body.pop("lead_time", None)
        bodies.replace(request, body)
        return
    most = max(_count(caller.user.pk, report), report.before)
    told = body.get("lead_time")
    if told is None or told <= most:
        return
    body["lead_time"] = kept = round(most, 3)
    bodies.replace(request, body)
    request.fulcrum_cut = _Cut(told=told, kept=kept)


def note(*, request: HttpRequest, route: str, caller: Caller, kwargs: dict[str, Any], response: Any) -> None:
    """Write down that an example was opened, or that an annotation's lead time was cut."""
    data = response.data if isinstance(response.data, dict) else {}
    if "id" not in data:
        return
    is_open = route == "tasks:api:task-detail" or gate.asks_for_next(request, route)
    if is_open:
        _open(caller.user.pk, data["id"])
    cut = getattr(request, "fulcrum_cut", None)
    if cut is not None and "completed_by" in data and cut.told - cut.kept > OUTLIER_SECONDS:
        values = {"told": cut.told, "kept": cut.kept, "at": timezone.now(), "reported_at": None}
        where = {"user_id": caller.user.pk, "project_id": data.get("project")}
        CutLeadTime.objects.update_or_create(annotation_id=data["id"], defaults={**values, **where})
        report_cuts()


def report_cuts() -> None:
    """Tell Fulcrum of cuts that it does not know of yet; what it does not hear now, it hears with the next."""
    for cut in CutLeadTime.objects.filter(reported_at=None).order_by("at")[:MOST_REPORTED]:
        email = User.objects.filter(pk=cut.user_id).values_list("email", flat=True).first()
        report = LeadTimeReport(
            project=cut.project_id or 0,
            annotation=cut.annotation_id,
            email=email or "",
            reported=cut.told,
            kept=cut.kept,
        )
        try:
            report_cut(report)
        except FulcrumSilent as error:
            logger.warning("%s Told later: %s.", error, cut)
            return
        CutLeadTime.objects.filter(pk=cut.pk, at=cut.at).update(reported_at=timezone.now())


def _report(request: HttpRequest, route: str, caller: Caller, kwargs: dict[str, Any]) -> _Report | None:
    if request.method == "POST" and route in {"tasks:api:task-annotations", "tasks:api:task-drafts"}:
        return _Report(task_id=kwargs["pk"])
    if request.method == "POST" and route == "tasks:api:task-annotations-drafts":
        return _of_annotation(caller, kwargs["annotation_id"])
    if request.method == "PATCH" and route == bodies.ANNOTATION:
        return _of_annotation(caller, kwargs["pk"])
    if request.method == "PATCH" and route == "tasks:api-drafts:draft-detail":
        draft = AnnotationDraft.objects.filter(pk=kwargs["pk"]).first()
        return draft and _Report(task_id=draft.task_id, annotation_id=draft.annotation_id, before=draft.lead_time or 0)
    return None


def _of_annotation(caller: Caller, pk: int) -> _Report | None:
    found = Annotation.objects.filter(pk=pk).values("task_id", "completed_by_id", "lead_time").first()
    return found and _Report(
        task_id=found["task_id"],
        annotation_id=pk,
        before=found["lead_time"] or 0.0,
        is_own=found["completed_by_id"] == caller.user.pk,
    )


@transaction.atomic
def _open(user_id: int, task_id: int) -> None:
    row, is_new = ExampleTime.objects.get_or_create(
        user_id=user_id, task_id=task_id, defaults={"opened_at": timezone.now()}
    )
    # Its page fetches an example more than once: the first time counts, until something of it was counted.
    if not is_new and (row.opened_at is None or (row.counted_at is not None and row.counted_at >= row.opened_at)):
        ExampleTime.objects.filter(pk=row.pk).update(opened_at=timezone.now())


@transaction.atomic
def _count(user_id: int, report: _Report) -> float:
    """Count the time since the person's last report for this example.

    Returns: its seconds that no other annotation of theirs on this example has.
    """
    if not Task.objects.filter(pk=report.task_id).exists():
        return 0.0
    # The row's lock makes one person's requests take turns, so that no second is counted twice.
    person, _ = PersonTime.objects.select_for_update().get_or_create(
        user_id=user_id, defaults={"entered_at": timezone.now()}
    )
    row, _ = ExampleTime.objects.get_or_create(user_id=user_id, task_id=report.task_id)
    now = timezone.now()
    row.seconds += max(0.0, (now - _since(person, row)).total_seconds())
    row.counted_at = person.counted_at = now
    row.save()
    person.save()
    others = Annotation.objects.filter(task=report.task_id, completed_by=user_id).exclude(pk=report.annotation_id)
    return max(0.0, row.seconds - (others.aggregate(total=Sum("lead_time"))["total"] or 0.0))


def _since(person: PersonTime, row: ExampleTime) -> datetime:
    began = row.opened_at or person.entered_at
    return began if person.counted_at is None else max(began, person.counted_at)
