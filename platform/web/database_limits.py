"""A page for what the database ended because it took too long, in place of a broken server's."""

from collections.abc import Callable

from django.db import OperationalError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from config.database_limits import in_words

RETRY_AFTER_SECONDS = "5"


class DatabaseLimitPages:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self._get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        words = in_words(exception) if isinstance(exception, OperationalError) else ""
        if not words:
            return None
        answer = render(request, "503.html", {"words": words}, status=503)
        answer["Retry-After"] = RETRY_AFTER_SECONDS
        return answer
