# mypy: ignore-errors
# Label Studio's packages, and this app's models, are known in its own virtual environment only.
from collections.abc import Callable

from django.contrib.auth import SESSION_KEY
from django.http import HttpRequest, HttpResponse


class OnlyOfSignedIn:
    """Stores no session for whoever is not signed in by one: Label Studio starts one at every call of its API."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if SESSION_KEY not in request.session:
            request.session.modified = False
        return response
