"""Decorators of views: sign-in, the role, and the methods."""

from collections.abc import Callable

from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.permissions import Action, View, allowed


def page_for(action: Action) -> Callable[[View], View]:
    """Guard a view that only shows."""
    return lambda view: allowed(action)(require_safe(view))


def form_for(action: Action) -> Callable[[View], View]:
    """Guard a view that shows a form and takes it."""
    return lambda view: allowed(action)(require_http_methods(["GET", "POST"])(view))


def button_for(action: Action) -> Callable[[View], View]:
    """Guard a view that a button calls."""
    return lambda view: allowed(action)(require_POST(view))
