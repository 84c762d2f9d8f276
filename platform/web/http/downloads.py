"""Files that a browser saves, and charts that it shows or saves."""

from collections.abc import Callable, Iterable

from django.forms import BaseForm
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.utils.cache import get_conditional_response, patch_cache_control
from django.utils.http import quote_etag

from reports.charts import THEMES, ChartSpec, NothingToDraw, RenderedChart

_CHART_TYPES = {"svg": "image/svg+xml", "png": "image/png"}
# An SVG that is opened by itself is a page: it has its own colours and runs nothing.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; sandbox"


def download(content: str | bytes, content_type: str, file_name: str) -> HttpResponse:
    return HttpResponse(content, content_type=content_type, headers=_saved_as(file_name))


def stream(pieces: Iterable[str | bytes], content_type: str, file_name: str) -> StreamingHttpResponse:
    """A file that may be long: few of its pieces are in memory at once."""
    return StreamingHttpResponse(pieces, content_type=content_type, headers=_saved_as(file_name))


def unreadable(form: BaseForm) -> HttpResponse:
    """What a file's address answers where its filters are invalid."""
    return HttpResponse(form.errors.as_text(), status=400, content_type="text/plain; charset=utf-8")


def drawing(
    request: HttpRequest,
    draw: Callable[..., ChartSpec],
    suffix: str,
    *,
    file_name: str,
    seconds_to_keep: int | None = None,
) -> HttpResponse:
    """Answer with a chart in the address's `theme`, to be saved where the address says `download`, or with 404.

    Parameters: `draw` gets the theme; `suffix` svg or png; `file_name` without it; `seconds_to_keep` how long a browser
    need not ask again, where the address names the version. None: it asks each time, and is told where nothing changed.
    """
    theme = THEMES.get(request.GET.get("theme", "light"), THEMES["light"])
    try:
        found = RenderedChart(chart=draw(theme=theme), suffix=suffix)
    except NothingToDraw as problem:
        raise Http404(str(problem)) from None
    etag = quote_etag(found.key)
    unchanged = get_conditional_response(request, etag=etag)
    response = unchanged if isinstance(unchanged, HttpResponse) else _drawn(request, found, file_name)
    response["ETag"] = etag
    response["Content-Security-Policy"] = _POLICY
    if seconds_to_keep is None:
        patch_cache_control(response, private=True, no_cache=True)
    else:
        patch_cache_control(response, private=True, max_age=seconds_to_keep)
    return response


def _drawn(request: HttpRequest, found: RenderedChart, file_name: str) -> HttpResponse:
    headers = _saved_as(f"{file_name}.{found.suffix}") if "download" in request.GET else {}
    return HttpResponse(found.content(), content_type=_CHART_TYPES[found.suffix], headers=headers)


def _saved_as(file_name: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="{file_name}"'}
