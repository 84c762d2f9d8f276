"""What a project hands out: nothing new when closed, and one example at a time to each person."""

import json
from typing import Any

from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from tasks.models import Annotation, Task, TaskLock

from labeling.server.access import GuardedRequest
from labeling.server.models import Closure
from labeling.server.rules import CallerGroup

DM_ACTIONS = "data_manager:dm-actions"
WRITES = frozenset({"tasks:api:task-annotations", "tasks:api:task-drafts"})


def check_closed(guarded: GuardedRequest) -> HttpResponse | None:
    """Answer in Label Studio's place where the project is closed to this request; None where it may proceed.

    A closed one allows finishing the one example that each person had open, and viewing own answers.
    """
    user = guarded.caller.user
    if asks_for_next(guarded):
        _use_queue(guarded.http)
        closure = _closure(_project_of_queue(guarded))
        is_refused = closure is not None and _unfinished(closure, user) is None
        return JsonResponse(_refusal(404, closure), status=404) if is_refused else None
    is_write = guarded.route in WRITES and guarded.method == "POST"
    is_view = guarded.route == "tasks:api:task-detail" and not user.is_staff
    if not (is_write or is_view):
        return None
    task = Task.objects.filter(pk=guarded.kwargs["pk"]).values("pk", "project_id").first()
    closure = _closure(task["project_id"]) if task else None
    if closure is None or closure.kept.get(str(user.pk)) == task["pk"] or (is_view and _is_answered(task["pk"], user)):
        return None
    return JsonResponse(_refusal(403, closure), status=403)


def check_given(guarded: GuardedRequest, response: Any) -> None:
    """Take back an example that the queue gave while the project was being closed."""
    if not asks_for_next(guarded) or response.status_code != 200:
        return
    closure = _closure(_project_of_queue(guarded))
    if closure is not None and response.data.get("id") != _unfinished(closure, guarded.caller.user):
        response.status_code = 404
        response.data = _refusal(404, closure)


def keep_one_lock(guarded: GuardedRequest, response: Any) -> None:
    """Release the person's locks on other examples of the project, once an example was given."""
    if not asks_for_next(guarded) or not isinstance(response.data, dict) or "id" not in response.data:
        return
    given = Task.objects.filter(pk=response.data["id"]).first()
    if given is None:
        return
    user = guarded.caller.user
    with transaction.atomic():
        TaskLock.objects.filter(user=user, task__project=given.project_id).exclude(task=given).delete()
        is_locked = TaskLock.objects.filter(user=user, task=given).exists()
        if guarded.caller.group == CallerGroup.ANNOTATOR and not is_locked:
            # A request of their other window released it in the meantime.
            given.set_lock(user)


def asks_for_next(guarded: GuardedRequest) -> bool:
    """Whether this is one of the two requests by which Label Studio hands out the next example."""
    if guarded.route == DM_ACTIONS:
        return guarded.method == "POST" and "next_task" in guarded.http.GET.getlist("id")
    return guarded.route == "projects:api:project-next"


def _use_queue(request: HttpRequest) -> None:
    """Have Label Studio choose by its own queue, which gives nobody what another person has open.

    Its page names filters and a selection even where there are none, and Label Studio then takes whatever is first.
    """
    try:
        body = json.loads(request.body or b"{}")
    except ValueError:
        return
    if isinstance(body, dict) and not any(_choices(body)):
        names = ("filters", "ordering", "selectedItems")
        request._body = json.dumps({name: value for name, value in body.items() if name not in names}).encode()


def _choices(body: dict[str, Any]) -> tuple[Any, ...]:
    """Filters, order and selection that a page asks for; any of another shape than the page's counts as one."""
    filters, selection = body.get("filters") or {}, body.get("selectedItems") or {}
    if not isinstance(filters, dict) or not isinstance(selection, dict):
        return (filters, selection)
    return filters.get("items"), body.get("ordering"), selection.get("included"), selection.get("excluded")


def _project_of_queue(guarded: GuardedRequest) -> str:
    return str(guarded.http.GET.get("project", "") if guarded.route == DM_ACTIONS else guarded.kwargs["pk"])


def _closure(project_id: int | str) -> Closure | None:
    if not str(project_id).isdecimal():
        return None
    return Closure.objects.filter(project_id=int(project_id)).first()


def _unfinished(closure: Closure, user: Any) -> int | None:
    """The example that a person may still finish; None once they did."""
    task: int | None = closure.kept.get(str(user.pk))
    return None if task is None or _is_answered(task, user) else task


def _is_answered(task: int, user: Any) -> bool:
    return Annotation.objects.filter(task=task, completed_by=user).exists()


def _refusal(status: int, closure: Closure) -> dict[str, Any]:
    return {"status_code": status, "detail": closure.message}
