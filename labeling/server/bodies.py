# mypy: ignore-errors
# Label Studio's packages, and this app's models, are known in its own virtual environment only.
"""What a person may write: annotations and drafts, in their own name, on the example they name; and plain JSON only."""

import json
import math
from typing import Any

from django.conf import settings
from django.http import HttpRequest, QueryDict
from tasks.models import Annotation, AnnotationDraft, Task

from labeling.server.identity import Caller
from labeling.server.rules import ACTIONS, READS, Group

# Fields that name a person must name the one who asks.
PEOPLE = ("completed_by", "updated_by", "user", "last_created_by")
# Fields that would make an annotation count as something that it is not.
FORBIDDEN = ("ground_truth", "import_id", "bulk_created", "last_action", "reviewed", "accepted_state")

DM_ACTIONS = "data_manager:dm-actions"
NEXT = "projects:api:project-next"
ANNOTATION = "tasks:api-annotations:annotation-detail"
# Label Studio's page sends these with every example; anything else would choose examples, or tell of others' answers.
KEPT_IN_QUERY = {
    NEXT: frozenset(),
    DM_ACTIONS: frozenset({"id", "project"}),
    "tasks:api:task-detail": frozenset({"annotations_stub", "resolve_uri"}),
    "tasks:api:task-annotations": frozenset(),
}
LONGEST_SECONDS = 1e9
# What the page sends about itself, in whatever form; nothing of it is stored.
UNREAD = frozenset({"collect_metrics"})


class BodyRefused(Exception):
    """What was sent cannot be taken; the message says why to whoever sent it."""

    def __init__(self, message: str, *, status: int = 403) -> None:
        super().__init__(message)
        self.status = status


def check(*, request: HttpRequest, route: str, caller: Caller, kwargs: dict[str, Any]) -> None:
    """Hold a listed request of a person to what they may say in it. Raises: BodyRefused."""
    if request.method in READS:
        _drop_body(request)
    elif route not in UNREAD:
        replace(request, read(request))
    if caller.group == Group.ANNOTATOR:
        _drop_choices(request, route)
    if route == DM_ACTIONS and request.method == "POST":
        _check_action(request, caller)
        return
    if caller.group == Group.ANNOTATOR or route != ANNOTATION:
        _check_own(route=route, user=caller.user, kwargs=kwargs)
    if request.method in {"POST", "PATCH"} and "pk" in kwargs and route.startswith("tasks:"):
        _check_fields(request=request, route=route, caller=caller, kwargs=kwargs)


def check_sign_in(*, request: HttpRequest, route: str) -> None:
    """Only Fulcrum's own account signs in by a password; people come by a ticket. Raises: BodyRefused."""
    if route != "user-login" or request.method != "POST":
        return
    if str(request.POST.get("email", "")).strip().lower() != settings.FULCRUM_SERVICE_EMAIL:
        raise BodyRefused("People sign in to Fulcrum, and enter Label Studio from there.")


def read(request: HttpRequest) -> Any:
    """Read the body as JSON only: a form would reach Label Studio by another way than the checks here.

    Raises: BodyRefused.
    """
    if not request.body:
        return {}
    if request.content_type != "application/json" or (request.encoding or "utf-8").lower() not in {"utf-8", "utf8"}:
        raise BodyRefused("Send application/json in UTF-8.", status=415)
    try:
        return json.loads(request.body.decode(), parse_constant=_number, parse_float=_number)
    except (ValueError, RecursionError):
        raise BodyRefused("The body is not JSON.", status=400) from None


def replace(request: HttpRequest, body: Any) -> None:
    """Hand on what was checked, and nothing that another reader could take for something else."""
    if not request.body and body == {}:
        return
    request._body = json.dumps(body).encode()
    request.META["CONTENT_TYPE"] = "application/json"
    request.META["CONTENT_LENGTH"] = str(len(request._body))


def _number(text: str) -> float:
    """A number that cannot be counted with is stored by Label Studio, which then fails on every list that has it."""
    number = float(text)
    if not math.isfinite(number):
        raise BodyRefused(f"{text} is not a finite number.", status=400)
    return number


def _drop_body(request: HttpRequest) -> None:
    """Label Studio reads filters from the body of a GET too."""
    if request.body:
        replace(request, {})


def _drop_choices(request: HttpRequest, route: str) -> None:
    """Let annotators take examples in the project's order, and by no filter: it would tell what others said."""
    kept = KEPT_IN_QUERY.get(route)
    if kept is not None:
        query = QueryDict(mutable=True)
        for name in kept & request.GET.keys():
            query.setlist(name, request.GET.getlist(name))
        request.GET = query
    if route == DM_ACTIONS:
        replace(request, {})


def _check_action(request: HttpRequest, caller: Caller) -> None:
    if len(names := request.GET.getlist("id")) != 1 or names[0] not in ACTIONS[caller.group]:
        raise BodyRefused(f"This action is not for {'annotators' if caller.group == Group.ANNOTATOR else 'managers'}.")


def _check_own(*, route: str, user: Any, kwargs: dict[str, Any]) -> None:
    owners = {
        ANNOTATION: (Annotation, "completed_by_id", "pk"),
        "tasks:api:task-annotations-drafts": (Annotation, "completed_by_id", "annotation_id"),
        "tasks:api-drafts:draft-detail": (AnnotationDraft, "user_id", "pk"),
    }
    if route not in owners:
        return
    model, owner, key = owners[route]
    found = model.objects.filter(pk=kwargs[key]).values_list(owner, flat=True).first()
    if found not in (None, user.pk):
        raise BodyRefused("This is another person's work.")


def _check_fields(*, request: HttpRequest, route: str, caller: Caller, kwargs: dict[str, Any]) -> None:
    body = read(request)
    if not isinstance(body, dict):
        raise BodyRefused("The body is not an object.", status=400)
    owner = _owner(route, caller, kwargs)
    for name in PEOPLE:
        allowed = owner if name == "completed_by" else caller.user.pk
        if body.get(name) is not None and str(body[name]) != str(allowed):
            raise BodyRefused("An annotation is written in one's own name only.")
    if set_anyway := [name for name in FORBIDDEN if body.get(name)]:
        raise BodyRefused(f"{', '.join(set_anyway)} cannot be set here.")
    _check_lead_time(body)
    _check_place(request=request, body=body, caller=caller, kwargs=kwargs)


def _owner(route: str, caller: Caller, kwargs: dict[str, Any]) -> int:
    """Whose annotation is written: one's own, unless a manager corrects another's."""
    if route != ANNOTATION or caller.group == Group.ANNOTATOR:
        return int(caller.user.pk)
    found = Annotation.objects.filter(pk=kwargs["pk"]).values_list("completed_by", flat=True).first()
    return int(found or caller.user.pk)


def _check_lead_time(body: dict[str, Any]) -> None:
    """A lead time is a number or nothing; Label Studio would read words such as “nan” as one."""
    told = body.get("lead_time")
    if told is None:
        return
    if isinstance(told, bool) or not isinstance(told, int | float) or abs(told) > LONGEST_SECONDS:
        raise BodyRefused("lead_time is not a number of seconds.", status=400)


def _check_place(*, request: HttpRequest, body: dict[str, Any], caller: Caller, kwargs: dict[str, Any]) -> None:
    """An annotation stays where it is: no other example, no other project, no copy of another person's answer."""
    for name, value in _place(request=request, kwargs=kwargs).items():
        if body.get(name) is not None and str(body[name]) != str(value):
            raise BodyRefused(f"The {name} in the body is another one than in the address.")
    parent = body.get("parent_annotation")
    if parent is None or caller.group == Group.STAFF:
        return
    if not isinstance(parent, int) or not Annotation.objects.filter(pk=parent, completed_by=caller.user).exists():
        raise BodyRefused("This copies another person's work.")


def _place(*, request: HttpRequest, kwargs: dict[str, Any]) -> dict[str, int]:
    if request.path.startswith("/api/annotations/"):
        rows = Annotation.objects.filter(pk=kwargs["pk"]).values("task_id", "project_id")
    elif request.path.startswith("/api/drafts/"):
        rows = AnnotationDraft.objects.filter(pk=kwargs["pk"]).values("task_id", "task__project_id")
    else:
        rows = Task.objects.filter(pk=kwargs["pk"]).values("id", "project_id")
    found = rows.first()
    return dict(zip(("task", "project"), found.values(), strict=True)) if found else {}
