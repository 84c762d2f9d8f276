# mypy: ignore-errors
# Label Studio's packages, and this app's models, are known in its own virtual environment only.
"""What a closed project still lets people do: finish the one example that each had open, and look at what they did."""

import json
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from tasks.models import Annotation, Task

from labeling.server.models import Closure

NEXT = frozenset({"projects:api:project-next", "data_manager:dm-actions"})
WRITES = frozenset({"tasks:api:task-annotations", "tasks:api:task-drafts"})


def check(*, request: HttpRequest, route: str, user: Any, kwargs: dict[str, Any]) -> HttpResponse | None:
    """Answer in Label Studio's place where the project is closed to this request; None where it may proceed."""
    if asks_for_next(request, route):
        _use_queue(request)
        closure = _closure(_project_of_queue(request, route, kwargs))
        is_refused = closure is not None and _unfinished(closure, user) is None
        return JsonResponse(_nothing_left(closure), status=404) if is_refused else None
    is_write = route in WRITES and request.method == "POST"
    is_look = route == "tasks:api:task-detail" and not user.is_staff
    if not (is_write or is_look):
        return None
    task = Task.objects.filter(pk=kwargs["pk"]).values("pk", "project_id").first()
    closure = _closure(task["project_id"]) if task else None
    if closure is None or closure.kept.get(str(user.pk)) == task["pk"] or (is_look and _is_answered(task["pk"], user)):
        return None
    return JsonResponse({"status_code": 403, "detail": closure.message}, status=403)


def check_given(*, request: HttpRequest, route: str, user: Any, kwargs: dict[str, Any], response: Any) -> None:
    """Take back an example that the queue gave while the project was being closed."""
    if not asks_for_next(request, route) or response.status_code != 200:
        return
    closure = _closure(_project_of_queue(request, route, kwargs))
    if closure is not None and response.data.get("id") != _unfinished(closure, user):
        response.status_code = 404
        response.data = _nothing_left(closure)


def asks_for_next(request: HttpRequest, route: str) -> bool:
    """Whether this is one of the two ways in which Label Studio hands out the next example."""
    if route == "data_manager:dm-actions":
        return request.method == "POST" and "next_task" in request.GET.getlist("id")
    return route in NEXT


def _use_queue(request: HttpRequest) -> None:
    """Let Label Studio choose by its own queue, in which nobody is given what another has open.

    Its page names filters and a selection even where there are none, and Label Studio then takes whatever is first.
    """
    try:
        body = json.loads(request.body or b"{}")
    except ValueError:
        return
    if isinstance(body, dict) and not any(_picks(body)):
        names = ("filters", "ordering", "selectedItems")
        request._body = json.dumps({name: value for name, value in body.items() if name not in names}).encode()


def _picks(body: dict[str, Any]) -> tuple[Any, ...]:
    """What a page asks for beyond the next example; whatever has another shape than the page's counts as something."""
    filters, selection = body.get("filters") or {}, body.get("selectedItems") or {}
    if not isinstance(filters, dict) or not isinstance(selection, dict):
        return (filters, selection)
    return filters.get("items"), body.get("ordering"), selection.get("included"), selection.get("excluded")


def _project_of_queue(request: HttpRequest, route: str, kwargs: dict[str, Any]) -> str:
    return str(request.GET.get("project", "") if route == "data_manager:dm-actions" else kwargs["pk"])


def _closure(project_id: int | str) -> Closure | None:
    if not str(project_id).isdecimal():
        return None
    return Closure.objects.filter(project_id=int(project_id)).first()


def _unfinished(closure: Closure, user: Any) -> int | None:
    """The example that a person may still finish, unless they did."""
    task: int | None = closure.kept.get(str(user.pk))
    return None if task is None or _is_answered(task, user) else task


def _is_answered(task: int, user: Any) -> bool:
    return Annotation.objects.filter(task=task, completed_by=user).exists()


def _nothing_left(closure: Closure) -> dict[str, Any]:
    return {"status_code": 404, "detail": closure.message}
