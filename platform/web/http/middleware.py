"""Headers, compression, requests from other sites, and what the database ended."""

from collections.abc import Callable
from urllib.parse import urlsplit

from django.conf import settings
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse, HttpResponseForbidden
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.deprecation import MiddlewareMixin

from config.database_limits import in_words

Answer = Callable[[HttpRequest], HttpResponseBase]

# What our pages never ask of a browser, so that nothing in them can.
_PERMISSIONS = (
    "accelerometer=(), browsing-topics=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), "
    "magnetometer=(), microphone=(), midi=(), payment=(), usb=()"
)
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
# What browsers say of a request: from our own pages, or from a person, as a bookmark or a typed address is.
_OUR_SITES = frozenset({"same-origin", "none"})
_RETRY_AFTER_SECONDS = "5"
_TEXTS = ("text/", "application/json", "image/svg+xml")  # JSON lines, as application/jsonl, too


class MoreHeaders(MiddlewareMixin):
    """Adds the headers that Django has no setting for."""

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        response.headers.setdefault("Permissions-Policy", _PERMISSIONS)
        response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        return response


class CompressText(GZipMiddleware):
    """Compresses pages and text files; what is compressed already, such as PNG or Parquet, goes as it is.

    A secret beside what an attacker chooses could be guessed from the length (BREACH). The one secret in our pages, the
    token of forms, is masked anew in each, and Django adds up to a hundred random bytes to each compressed answer.
    """

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        if not response.get("Content-Type", "").startswith(_TEXTS):
            return response
        assert isinstance(response, HttpResponse) or response.streaming
        return super().process_response(request, response)


class RefuseCrossSite:
    """Refuses changes that another site's page asks for, in views without a form's token too.

    Browsers name the origin of the page in `Origin`, and how it relates to us in `Sec-Fetch-Site`; another port of our
    host, which shares our cookies, is "same-site" and refused as well. Programs send neither.
    """

    def __init__(self, get_response: Answer) -> None:
        self._get_response = get_response
        self._known = {_origin(url) for url in settings.CSRF_TRUSTED_ORIGINS}

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if request.method not in _SAFE_METHODS and self._is_from_elsewhere(request):
            return HttpResponseForbidden(render_to_string("web/cross_site.html", {"url": settings.URL}))
        return self._get_response(request)

    def _is_from_elsewhere(self, request: HttpRequest) -> bool:
        if request.headers.get("Sec-Fetch-Site", "none") not in _OUR_SITES:
            return True
        origin = request.headers.get("Origin")
        return origin is not None and origin not in self._known | {_origin(request.build_absolute_uri("/"))}


class DatabaseLimitPages(MiddlewareMixin):
    """Answers with a page of its own where the database ended what took too long."""

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        words = in_words(exception) if isinstance(exception, OperationalError) else ""
        if not words:
            return None
        answer = render(request, "503.html", {"words": words}, status=503)
        answer["Retry-After"] = _RETRY_AFTER_SECONDS
        return answer


def _origin(url: str) -> str:
    return f"{urlsplit(url).scheme}://{urlsplit(url).netloc}"
