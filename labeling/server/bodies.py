# mypy: ignore-errors
# Label Studio's packages, and this app's models, are known in its own virtual environment only.
"""What an annotator may write: their own annotations and drafts, in their own name, on the example they name."""

import json
from typing import Any

from django.http import HttpRequest
from tasks.models import Annotation, AnnotationDraft, Task

# Fields that name a person must name the one who asks.
PEOPLE = ("completed_by", "updated_by", "user", "last_created_by")
# Fields that would make an annotation count as something that it is not.
FORBIDDEN = ("ground_truth", "import_id", "bulk_created", "last_action", "reviewed", "accepted_state")


def trouble(*, request: HttpRequest, route: str, user: Any, kwargs: dict[str, Any]) -> str:
    """Say why this request on an annotation or a draft is refused; empty when it is not."""
    if route == "data_manager:dm-actions" and request.method == "POST":
        return _not_next(request)
    return _not_own(route=route, user=user, kwargs=kwargs) or _bad_body(request=request, user=user, kwargs=kwargs)


def _not_next(request: HttpRequest) -> str:
    """Of the data manager's actions, the next example; a filter on answers would tell what others said."""
    if request.GET.getlist("id") != ["next_task"]:
        return "Annotators cannot run actions on examples."
    body, problem = _object(request)
    if problem:
        return problem
    filters, selection = body.get("filters") or {}, body.get("selectedItems") or {}
    picks = (filters.get("items"), selection.get("included"), selection.get("excluded"), request.GET.get("query"))
    if any(picks):
        return "Annotators take examples in the order of the project."
    return ""


def _not_own(*, route: str, user: Any, kwargs: dict[str, Any]) -> str:
    owners = {
        "tasks:api-annotations:annotation-detail": (Annotation, "completed_by_id", "pk"),
        "tasks:api:task-annotations-drafts": (Annotation, "completed_by_id", "annotation_id"),
        "tasks:api-drafts:draft-detail": (AnnotationDraft, "user_id", "pk"),
    }
    if route not in owners:
        return ""
    model, owner, key = owners[route]
    found = model.objects.filter(pk=kwargs[key]).values_list(owner, flat=True).first()
    return "" if found in (None, user.pk) else "This is another person's work."


def _bad_body(*, request: HttpRequest, user: Any, kwargs: dict[str, Any]) -> str:
    if request.method not in {"POST", "PATCH"} or "pk" not in kwargs:
        return ""
    body, problem = _object(request)
    if problem:
        return problem
    if any(str(body[name]) != str(user.pk) for name in PEOPLE if body.get(name) is not None):
        return "An annotation is written in one's own name only."
    if any(body.get(name) for name in FORBIDDEN):
        return f"Annotators cannot set {', '.join(name for name in FORBIDDEN if body.get(name))}."
    return _elsewhere(request=request, body=body, user=user, kwargs=kwargs)


def _object(request: HttpRequest) -> tuple[dict[str, Any], str]:
    """Read the body as JSON only: a form would reach Label Studio by another way than the checks here."""
    if not request.body:
        return {}, ""
    if request.content_type != "application/json":
        return {}, "Send application/json."
    try:
        body = json.loads(request.body)
    except ValueError:
        return {}, "The body is not JSON."
    return (body, "") if isinstance(body, dict) else ({}, "The body is not an object.")


def _elsewhere(*, request: HttpRequest, body: dict[str, Any], user: Any, kwargs: dict[str, Any]) -> str:
    """An annotation stays where it is: no other example, no other project, no copy of another person's answer."""
    here = _place(request=request, kwargs=kwargs)
    for name, value in here.items():
        if body.get(name) is not None and str(body[name]) != str(value):
            return f"The {name} in the body is another one than in the address."
    parent = body.get("parent_annotation")
    if parent is not None and not Annotation.objects.filter(pk=parent, completed_by=user).exists():
        return "This copies another person's work."
    return ""


def _place(*, request: HttpRequest, kwargs: dict[str, Any]) -> dict[str, int]:
    if request.path.startswith("/api/annotations/"):
        rows = Annotation.objects.filter(pk=kwargs["pk"]).values("task_id", "project_id")
    elif request.path.startswith("/api/drafts/"):
        rows = AnnotationDraft.objects.filter(pk=kwargs["pk"]).values("task_id", "task__project_id")
    else:
        rows = Task.objects.filter(pk=kwargs["pk"]).values("id", "project_id")
    found = rows.first()
    return dict(zip(("task", "project"), found.values(), strict=True)) if found else {}
