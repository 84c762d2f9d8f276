"""Pages of lists that grow."""

from typing import Any

from django.core.paginator import Page, Paginator
from django.http import HttpRequest


def page_of(request: HttpRequest, rows: Any, *, size: int = 50) -> Page[Any]:
    """The page that the address asks for; the nearest one where it asks for none or for too much."""
    return Paginator(rows, size).get_page(request.GET.get("page"))
