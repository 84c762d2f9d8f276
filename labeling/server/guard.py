"""Limits every request to what its sender may do in Label Studio, which by itself lets every member do everything."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse

from labeling.server import times
from labeling.server.access import (
    BodyRefused,
    ForeignOrigin,
    GuardedRequest,
    NotSignedIn,
    check_body,
    check_origin,
    check_sign_in,
    identify,
)
from labeling.server.pages import refusal, with_script
from labeling.server.projects import check_closed, check_given, keep_one_lock
from labeling.server.rules import EMPTY, READS, CallerGroup, FulcrumUnreachable, allows, redact

# Pages of Label Studio that show more than one's own work, and its own sign-in: they lead to Fulcrum instead.
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
    CallerGroup.STRANGER: (401, "Sign in to Fulcrum, and enter Label Studio from there."),
    CallerGroup.ANNOTATOR: (403, "Annotators label here; everything else is done in Fulcrum."),
    CallerGroup.STAFF: (403, "Managers look at examples and label here; everything else is done in Fulcrum."),
}


class Guard:
    """Refuses what the sender's allow-list does not name, and removes from an answer what is not theirs to see."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        guarded = _guarded(request)
        if guarded is not None and guarded.route == STREAM and guarded.caller.group == CallerGroup.ANNOTATOR:
            return with_script(response)
        return response

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], args: list[Any], kwargs: dict[str, Any]
    ) -> HttpResponse | None:
        try:
            caller = identify(request)
            route = request.resolver_match.view_name
            request.fulcrum_guarded = GuardedRequest(http=request, route=route, kwargs=kwargs, caller=caller)
            if request.method not in READS:
                check_origin(request)
            return _answer(request.fulcrum_guarded)
        except NotSignedIn as error:
            return _send_away(request, str(error))
        except FulcrumUnreachable:
            return _refuse(request, 503, "Fulcrum does not answer, so nobody can be let in. Try again in a moment.")
        except ForeignOrigin as error:
            return _refuse(request, 403, str(error))
        except BodyRefused as error:
            return _refuse(request, error.status, str(error))

    def process_template_response(self, request: HttpRequest, response: Any) -> Any:
        guarded = _guarded(request)
        if guarded is None or not guarded.caller.user.is_authenticated:
            return response
        check_given(guarded, response)
        caller = guarded.caller
        if caller.is_person and response.status_code in (200, 201):
            keep_one_lock(guarded, response)
            times.note(guarded, response)
            response.data = redact(route=guarded.route, data=response.data, user=caller.user, group=caller.group)
        return response


def _guarded(request: HttpRequest) -> GuardedRequest | None:
    """The request as process_view understood it; None where Django answered before."""
    return getattr(request, "fulcrum_guarded", None)


def _answer(guarded: GuardedRequest) -> HttpResponse | None:
    """Answer in Label Studio's place; None where the request may proceed. Raises: BodyRefused."""
    group = guarded.caller.group
    if group == CallerGroup.SERVICE:
        return check_closed(guarded)
    is_listed = allows(group=group, method=guarded.method, route=guarded.route, path=guarded.http.path)
    # An annotator's one page is the next example; the list of all, and any by its number, are not.
    is_stream_only = group == CallerGroup.ANNOTATOR and guarded.route == STREAM
    if not is_listed or (is_stream_only and not guarded.http.GET.get("labeling")):
        return _replacement(guarded)
    if not guarded.caller.is_person:
        check_sign_in(guarded)
        return None
    check_body(guarded)
    refused = check_closed(guarded)
    if refused is None:
        times.limit(guarded)
    return refused


def _replacement(guarded: GuardedRequest) -> HttpResponse:
    request, group = guarded.http, guarded.caller.group
    if guarded.method == "GET" and guarded.route in EMPTY[group]:
        return JsonResponse(EMPTY[group][guarded.route], safe=False)
    is_page = _is_page(request)
    if is_page and group == CallerGroup.ANNOTATOR and guarded.route == STREAM:
        return HttpResponseRedirect(f"/projects/{guarded.kwargs['pk']}/data?labeling=1")
    if is_page and (group == CallerGroup.STRANGER or guarded.route in HOMES):
        return HttpResponseRedirect(settings.FULCRUM_URL)
    return _refuse(request, *REFUSALS[group])


def _send_away(request: HttpRequest, message: str) -> HttpResponse:
    """A page leads to Fulcrum, where one can sign in; any other request is told why it is refused."""
    if _is_page(request) and "Authorization" not in request.headers:
        return HttpResponseRedirect(settings.FULCRUM_URL)
    return _refuse(request, 401, message)


def _is_page(request: HttpRequest) -> bool:
    return request.method in {"GET", "HEAD"} and not _is_api(request)


def _is_api(request: HttpRequest) -> bool:
    return request.path.startswith("/api/")


def _refuse(request: HttpRequest, status: int, message: str) -> HttpResponse:
    if _is_api(request):
        return JsonResponse({"status_code": status, "detail": message}, status=status)
    return refusal(message, status=status)
