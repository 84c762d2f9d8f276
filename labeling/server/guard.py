# mypy: ignore-errors
# Label Studio's packages, and this app's models, are known in its own virtual environment only.
"""What an annotator may do in Label Studio, which by itself lets every member do everything.

An allow-list by method and named route: what is not listed is refused, so that a new release of Label Studio opens
nothing by accident. People with the role manager or admin in Fulcrum are staff here, and pass.
"""

import re
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from rest_framework.authtoken.models import Token

from labeling.server import bodies, gate, redaction
from labeling.server.pages import refusal

# Files of Label Studio's own pages; their routes have no names.
ASSETS = re.compile(r"^/(static|react-app|dm|label-studio-frontend)/|^/(favicon\.ico|sw\.js|sw-fallback\.js)$")
# Pages of Label Studio that show more than one's own work: back to Fulcrum instead.
HOMES = frozenset({"main", "projects:project-index"})
CLOSED_TO_STRANGERS = frozenset({"user-signup"})

READABLE = frozenset(
    {
        "fulcrum-enter",
        "logout",
        "health",
        "version",
        "api-version",
        "feature_flags",
        "heidi_tips",
        "collect_metrics",
        "session_policy:session-policy",
        "current-user-whoami",
        "current-user-hotkeys",
        "product-tour",
        "user-list",
        "data_manager:project-data",
        "data_manager:api:view-list",
        "data_manager:dm-columns",
        "data_manager:dm-project",
        "data_manager:dm-actions",
        "projects:api:project-detail",
        "projects:api:project-next",
        "projects:api:label-stream-history",
        "tasks:api:task-detail",
        "tasks:api:task-annotations",
        "tasks:api-annotations:annotation-detail",
        "tasks:api-drafts:draft-detail",
    }
)
# What Label Studio's labelling page asks for and an annotator has no need of. A refusal would cover the page's own
# buttons with a warning, so it gets an answer without content.
EMPTY: dict[str, Any] = {
    "ml:api:ml-list": [],
    "labels_manager:api-labels:label_link-list": {"count": 0, "next": None, "previous": None, "results": []},
    "tasks:api:task-list": {"tasks": [], "total": 0, "total_annotations": 0, "total_predictions": 0},
}
WRITABLE = frozenset(
    {
        ("POST", "collect_metrics"),
        ("POST", "data_manager:dm-actions"),
        ("PATCH", "product-tour"),
        ("POST", "tasks:api:task-annotations"),
        ("PATCH", "tasks:api-annotations:annotation-detail"),
        ("POST", "tasks:api:task-drafts"),
        ("POST", "tasks:api:task-annotations-drafts"),
        ("PATCH", "tasks:api-drafts:draft-detail"),
        ("DELETE", "tasks:api-drafts:draft-detail"),
    }
)


class AnnotatorGuard:
    """Refuses with 403 whatever an annotator may not do, and takes other people's answers out of what they may see."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], args: list[Any], kwargs: dict[str, Any]
    ) -> HttpResponse | None:
        user = _user(request)
        route = request.resolver_match.view_name if request.resolver_match else ""
        if user is None or not user.is_authenticated:
            return _refuse(request, "Accounts are made by Fulcrum.") if route in CLOSED_TO_STRANGERS else None
        if user.is_staff:
            return gate.check(request=request, route=route, user=user, kwargs=kwargs)
        if request.method in {"GET", "HEAD"} and route in HOMES:
            return HttpResponseRedirect(settings.FULCRUM_URL)
        if request.method == "GET" and route in EMPTY:
            return JsonResponse(EMPTY[route], safe=False)
        if not _is_listed(request, route):
            return _refuse(request, "Annotators label here; everything else is done in Fulcrum.")
        trouble = bodies.trouble(request=request, route=route, user=user, kwargs=kwargs)
        if trouble:
            return _refuse(request, trouble)
        return gate.check(request=request, route=route, user=user, kwargs=kwargs)

    def process_template_response(self, request: HttpRequest, response: Any) -> Any:
        user = _user(request)
        match = request.resolver_match
        if user is None or not user.is_authenticated or match is None or response.status_code != 200:
            return response
        route = match.view_name
        gate.check_given(request=request, route=route, user=user, kwargs=match.kwargs, response=response)
        if not user.is_staff and response.status_code == 200:
            response.data = redaction.redact(route=route, data=response.data, user=user)
        return response


def _user(request: HttpRequest) -> Any:
    """Who asks, as Label Studio's API will see it: a legacy token comes before the session."""
    kind, _, key = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() == "token":
        token = Token.objects.filter(key=key.strip()).select_related("user").first()
        return token.user if token else None
    return getattr(request, "user", None)


def _is_listed(request: HttpRequest, route: str) -> bool:
    if request.method in {"GET", "HEAD", "OPTIONS"}:
        return route in READABLE or bool(ASSETS.match(request.path))
    return (request.method, route) in WRITABLE


def _refuse(request: HttpRequest, message: str) -> HttpResponse:
    if request.path.startswith("/api/"):
        return JsonResponse({"status_code": 403, "detail": message}, status=403)
    return refusal(message)
