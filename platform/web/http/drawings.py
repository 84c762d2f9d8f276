"""Charts as answers: shown or saved, and not sent again to a browser that has the same drawing."""

from django.http import HttpRequest, HttpResponse
from django.utils.cache import get_conditional_response, patch_cache_control
from django.utils.http import quote_etag

from reports.charts import ChartSpec, RenderedChart
from web.http.downloads import download

_KINDS = {"svg": "image/svg+xml", "png": "image/png"}
# An SVG that is opened by itself is a page: it has its own colours and runs nothing.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; sandbox"


def drawing(
    request: HttpRequest, chart: ChartSpec, suffix: str, *, file_name: str, seconds_to_keep: int | None = None
) -> HttpResponse:
    """Answer with a chart, to be saved where the address says `download`.

    Parameters: `suffix` svg or png; `file_name` without it; `seconds_to_keep` how long a browser need not ask again,
    where the address names the version; None: it asks each time, and is told where nothing changed.
    """
    found = RenderedChart(chart=chart, suffix=suffix)
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
    kind = _KINDS[found.suffix]
    if "download" in request.GET:
        return download(found.content(), kind, f"{file_name}.{found.suffix}")
    return HttpResponse(found.content(), content_type=kind)
