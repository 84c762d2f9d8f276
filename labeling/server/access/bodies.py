"""What a person may write: annotations and drafts, in their own name, on the example in the address; as plain JSON."""

import json
import math
from typing import Any

from django.conf import settings
from django.http import HttpRequest, QueryDict
from tasks.models import Annotation, AnnotationDraft, Task

from labeling.server.access.identity import GuardedRequest
from labeling.server.rules import ACTIONS, READS, CallerGroup

# Fields that name a person must name the sender.
PERSON_FIELDS = ("completed_by", "updated_by", "user", "last_created_by")
# Fields that would make an annotation count as something that it is not.
FORBIDDEN_FIELDS = ("ground_truth", "import_id", "bulk_created", "last_action", "reviewed", "accepted_state")

DM_ACTIONS = "data_manager:dm-actions"
NEXT = "projects:api:project-next"
ANNOTATION = "tasks:api-annotations:annotation-detail"
# Label Studio's page sends these with every example; others would choose examples, or reveal other people's answers.
KEPT_IN_QUERY = {
    NEXT: frozenset(),
    DM_ACTIONS: frozenset({"id", "project"}),
    "tasks:api:task-detail": frozenset({"annotations_stub", "resolve_uri"}),
    "tasks:api:task-annotations": frozenset(),
}
MAX_SECONDS = 1e9
# The page's own statistics, in whatever format; nothing of them is stored.
UNREAD = frozenset({"collect_metrics"})


class BodyRefused(Exception):
    """The request's body or query is refused; the message tells its sender why."""

    def __init__(self, message: str, *, status: int = 403) -> None:
        super().__init__(message)
        self.status = status


def check_body(guarded: GuardedRequest) -> None:
    """Check the body of a listed request, and drop what is not for its sender. Raises: BodyRefused."""
    if guarded.method in READS:
        # Label Studio also reads filters from the body of a GET.
        replace_body(guarded.http, {})
    elif guarded.route not in UNREAD:
        replace_body(guarded.http, read_body(guarded.http))
    is_annotator = guarded.caller.group == CallerGroup.ANNOTATOR
    if is_annotator:
        _drop_choices(guarded)
    if guarded.route == DM_ACTIONS and guarded.method == "POST":
        _check_action(guarded)
        return
    if is_annotator or guarded.route != ANNOTATION:
        _check_own(guarded)
    if guarded.method in {"POST", "PATCH"} and "pk" in guarded.kwargs and guarded.route.startswith("tasks:"):
        _check_fields(guarded)


def check_sign_in(guarded: GuardedRequest) -> None:
    """Only Fulcrum's own account signs in by a password; people enter by a ticket. Raises: BodyRefused."""
    if guarded.route != "user-login" or guarded.method != "POST":
        return
    if str(guarded.http.POST.get("email", "")).strip().lower() != settings.FULCRUM_SERVICE_EMAIL:
        raise BodyRefused("People sign in to Fulcrum, and enter Label Studio from there.")


def read_body(request: HttpRequest) -> Any:
    """Read the body as JSON; a form, which Label Studio would read too, is refused. Raises: BodyRefused."""
    if not request.body:
        return {}
    if request.content_type != "application/json" or (request.encoding or "utf-8").lower() not in {"utf-8", "utf8"}:
        raise BodyRefused("Send application/json in UTF-8.", status=415)
    try:
        return json.loads(request.body.decode(), parse_constant=_number, parse_float=_number)
    except (ValueError, RecursionError):
        raise BodyRefused("The body is not JSON.", status=400) from None


def replace_body(request: HttpRequest, body: Any) -> None:
    """Pass on what was checked, written so that no other parser can read it differently."""
    if not request.body and not body:
        return
    request._body = json.dumps(body).encode()
    request.META["CONTENT_TYPE"] = "application/json"
    request.META["CONTENT_LENGTH"] = str(len(request._body))


def _number(text: str) -> float:
    """Refuse NaN and infinity: Label Studio stores them and then fails on every list with them."""
    number = float(text)
    if not math.isfinite(number):
        raise BodyRefused(f"{text} is not a finite number.", status=400)
    return number


def _drop_choices(guarded: GuardedRequest) -> None:
    """Give annotators the project's order and no filter, which would reveal other people's answers."""
    request, kept = guarded.http, KEPT_IN_QUERY.get(guarded.route)
    if kept is not None:
        query = QueryDict(mutable=True)
        for name in kept & request.GET.keys():
            query.setlist(name, request.GET.getlist(name))
        request.GET = query
    if guarded.route == DM_ACTIONS:
        replace_body(request, {})


def _check_action(guarded: GuardedRequest) -> None:
    group, names = guarded.caller.group, guarded.http.GET.getlist("id")
    if len(names) != 1 or names[0] not in ACTIONS[group]:
        raise BodyRefused(f"This action is not for {'annotators' if group == CallerGroup.ANNOTATOR else 'managers'}.")


def _check_own(guarded: GuardedRequest) -> None:
    owners = {
        ANNOTATION: (Annotation, "completed_by_id", "pk"),
        "tasks:api:task-annotations-drafts": (Annotation, "completed_by_id", "annotation_id"),
        "tasks:api-drafts:draft-detail": (AnnotationDraft, "user_id", "pk"),
    }
    if guarded.route not in owners:
        return
    model, owner, key = owners[guarded.route]
    found = model.objects.filter(pk=guarded.kwargs[key]).values_list(owner, flat=True).first()
    if found not in (None, guarded.caller.user.pk):
        raise BodyRefused("This is another person's work.")


def _check_fields(guarded: GuardedRequest) -> None:
    body = read_body(guarded.http)
    if not isinstance(body, dict):
        raise BodyRefused("The body is not an object.", status=400)
    owner = _owner(guarded)
    for name in PERSON_FIELDS:
        allowed = owner if name == "completed_by" else guarded.caller.user.pk
        if body.get(name) is not None and str(body[name]) != str(allowed):
            raise BodyRefused("An annotation is written in one's own name only.")
    if forbidden := [name for name in FORBIDDEN_FIELDS if body.get(name)]:
        raise BodyRefused(f"{', '.join(forbidden)} cannot be set here.")
    _check_lead_time(body)
    _check_place(guarded, body)


def _owner(guarded: GuardedRequest) -> int:
    """Whose annotation is written: the sender's, unless a manager corrects another's."""
    user = guarded.caller.user
    if guarded.route != ANNOTATION or guarded.caller.group == CallerGroup.ANNOTATOR:
        return int(user.pk)
    found = Annotation.objects.filter(pk=guarded.kwargs["pk"]).values_list("completed_by", flat=True).first()
    return int(found or user.pk)


def _check_lead_time(body: dict[str, Any]) -> None:
    """A lead time is a number or missing; Label Studio would accept words such as “nan”."""
    seconds = body.get("lead_time")
    if seconds is None:
        return
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or abs(seconds) > MAX_SECONDS:
        raise BodyRefused("lead_time is not a number of seconds.", status=400)


def _check_place(guarded: GuardedRequest, body: dict[str, Any]) -> None:
    """An annotation stays on its example and in its project, and copies no other person's answer."""
    for name, value in _place(guarded).items():
        if body.get(name) is not None and str(body[name]) != str(value):
            raise BodyRefused(f"The {name} in the body is another one than in the address.")
    parent, caller = body.get("parent_annotation"), guarded.caller
    if parent is None or caller.group == CallerGroup.STAFF:
        return
    if not isinstance(parent, int) or not Annotation.objects.filter(pk=parent, completed_by=caller.user).exists():
        raise BodyRefused("This copies another person's work.")


def _place(guarded: GuardedRequest) -> dict[str, int]:
    """The example and the project that the address names."""
    path, pk = guarded.http.path, guarded.kwargs["pk"]
    if path.startswith("/api/annotations/"):
        rows = Annotation.objects.filter(pk=pk).values("task_id", "project_id")
    elif path.startswith("/api/drafts/"):
        rows = AnnotationDraft.objects.filter(pk=pk).values("task_id", "task__project_id")
    else:
        rows = Task.objects.filter(pk=pk).values("id", "project_id")
    found = rows.first()
    return dict(zip(("task", "project"), found.values(), strict=True)) if found else {}
