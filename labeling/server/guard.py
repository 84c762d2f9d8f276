# mypy: ignore-errors
# Label Studio's packages, and this app's models, are known in its own virtual environment only.
"""Holds every request to what its sender may do in Label Studio, which by itself lets every member do everything."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse

from labeling.server import bodies, gate, locks, redaction, times
from labeling.server.identity import Caller, ForeignOrigin, NotSignedIn, check_origin, identify
from labeling.server.pages import refusal, with_script
from labeling.server.role_cache import FulcrumSilent
from labeling.server.rules import EMPTY, READS, Group, allows

# Pages of Label Studio that show more than one's own work, and its own way in: back to Fulcrum instead.
HOMES = frozenset(
    {
        "main",
        "projects:project-index",
        "projects:project-settings",
        "projects:project-settings-anything",
        "user-account",
        "user-account-anything",
        "organizations:organization-index",
    }
)
STREAM = "data_manager:project-data"
REFUSALS = {
    Group.STRANGER: (401, "Sign in to Fulcrum, and enter Label Studio from there."),
    Group.ANNOTATOR: (403, "Annotators label here; everything else is done in Fulcrum."),
    Group.STAFF: (403, "Managers look at examples and label here; everything else is done in Fulcrum."),
}


class Guard:
    """Refuses what is not on the allow-list of whoever asks, and takes out of an answer what is not theirs to see."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        caller, match = getattr(request, "fulcrum_caller", None), request.resolver_match
        is_stream = match is not None and match.view_name == STREAM
        if is_stream and caller is not None and caller.group == Group.ANNOTATOR:
            return with_script(response)
        return response

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], args: list[Any], kwargs: dict[str, Any]
    ) -> HttpResponse | None:
        route = request.resolver_match.view_name
        try:
            caller = request.fulcrum_caller = identify(request)
            if request.method not in READS:
                check_origin(request)
            return _answer(request, route, caller, kwargs)
        except NotSignedIn as error:
            return _send_away(request, str(error))
        except FulcrumSilent:
            return _refuse(request, 503, "Fulcrum does not answer, so nobody can be let in. Try again in a moment.")
        except ForeignOrigin as error:
            return _refuse(request, 403, str(error))
        except bodies.BodyRefused as error:
            return _refuse(request, error.status, str(error))

    def process_template_response(self, request: HttpRequest, response: Any) -> Any:
        caller, match = getattr(request, "fulcrum_caller", None), request.resolver_match
        if caller is None or match is None or not caller.user.is_authenticated:
            return response
        route, user = match.view_name, caller.user
        gate.check_given(request=request, route=route, user=user, kwargs=match.kwargs, response=response)
        if caller.is_person and response.status_code in (200, 201):
            locks.keep_one(request=request, route=route, caller=caller, response=response)
            times.note(request=request, route=route, caller=caller, kwargs=match.kwargs, response=response)
            response.data = redaction.redact(route=route, data=response.data, user=user, group=caller.group)
        return response


def _answer(request: HttpRequest, route: str, caller: Caller, kwargs: dict[str, Any]) -> HttpResponse | None:
    """Answer in Label Studio's place; None where the request may proceed. Raises: BodyRefused."""
    if caller.group == Group.SERVICE:
        return gate.check(request=request, route=route, user=caller.user, kwargs=kwargs)
    is_listed = allows(group=caller.group, method=request.method, route=route, path=request.path)
    if not is_listed or (route == STREAM and _leaves_the_stream(request, caller)):
        return _instead(request, route, caller, kwargs)
    if not caller.is_person:
        bodies.check_sign_in(request=request, route=route)
        return None
    bodies.check(request=request, route=route, caller=caller, kwargs=kwargs)
    stopped = gate.check(request=request, route=route, user=caller.user, kwargs=kwargs)
    if stopped is None:
        times.limit(request=request, route=route, caller=caller, kwargs=kwargs)
    return stopped


def _leaves_the_stream(request: HttpRequest, caller: Caller) -> bool:
    """An annotator's one page is the next example; the list of all, and any by its number, are not."""
    return caller.group == Group.ANNOTATOR and not request.GET.get("labeling")


def _instead(request: HttpRequest, route: str, caller: Caller, kwargs: dict[str, Any]) -> HttpResponse:
    """What a person gets who may not have what they asked for."""
    empty = EMPTY[caller.group]
    if request.method == "GET" and route in empty:
        return JsonResponse(empty[route], safe=False)
    is_page = request.method in {"GET", "HEAD"} and not _is_api(request)
    if is_page and caller.group == Group.ANNOTATOR and route == STREAM:
        return HttpResponseRedirect(f"/projects/{kwargs['pk']}/data?labeling=1")
    if is_page and (caller.group == Group.STRANGER or route in HOMES):
        return HttpResponseRedirect(settings.FULCRUM_URL)
    return _refuse(request, *REFUSALS[caller.group])


def _send_away(request: HttpRequest, message: str) -> HttpResponse:
    """A page leads to Fulcrum, where one can sign in; anything else is told why not."""
    is_page = request.method in {"GET", "HEAD"} and not _is_api(request) and "Authorization" not in request.headers
    return HttpResponseRedirect(settings.FULCRUM_URL) if is_page else _refuse(request, 401, message)


def _is_api(request: HttpRequest) -> bool:
    return request.path.startswith("/api/")


def _refuse(request: HttpRequest, status: int, message: str) -> HttpResponse:
    if _is_api(request):
        return JsonResponse({"status_code": status, "detail": message}, status=status)
    return refusal(message, status=status)
