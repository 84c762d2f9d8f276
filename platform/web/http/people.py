"""Who sends a request."""

from django.http import HttpRequest

from accounts.models import User


def person(request: HttpRequest) -> User:
    """The signed-in person; `@allowed` has made sure that there is one."""
    assert isinstance(request.user, User)
    return request.user
