from collections.abc import Callable

from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.http import HttpRequest, HttpResponse


class OnlyFulcrumMayFrame:
    """No other site may show Label Studio in a frame; Label Studio itself sends a report-only policy."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        ancestors = f"frame-ancestors 'self' {settings.FULCRUM_URL}"
        policy = response.get("Content-Security-Policy")
        response["Content-Security-Policy"] = f"{policy}; {ancestors}" if policy else ancestors
        return response


class SessionsOfSignedIn:
    """Stores no session for whoever is not signed in by one: Label Studio starts one at every call of its API."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if SESSION_KEY not in request.session:
            request.session.modified = False
        return response
