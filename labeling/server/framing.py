# mypy: ignore-errors
# Label Studio's packages, and this app's models, are known in its own virtual environment only.
from collections.abc import Callable

from django.conf import settings
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
