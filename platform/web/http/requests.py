"""What views read from a request."""

from collections.abc import Sequence
from typing import Any

from django.core.paginator import Page, Paginator
from django.http import HttpRequest
from django.shortcuts import get_object_or_404

from accounts.models import User
from studies.models import Study


def person(request: HttpRequest) -> User:
    """The signed-in person; the guard has made sure that there is one."""
    assert isinstance(request.user, User)
    return request.user


def study_of(pk: int) -> Study:
    """The study of an address, with its budget and price book, or 404."""
    return get_object_or_404(Study.objects.select_related("budget__price_book"), pk=pk)


def linked(request: HttpRequest, names: Sequence[str]) -> dict[str, str]:
    """What the address that leads to a form fills in of these fields."""
    return {name: request.GET[name] for name in names if name in request.GET}


def page_of(request: HttpRequest, rows: Any, *, size: int = 50) -> Page[Any]:
    """The page that the address asks for; the nearest one where it asks for none or for too much."""
    return Paginator(rows, size).get_page(request.GET.get("page"))
