"""What a long-lived process has loaded before its work begins."""

import gc
from importlib import import_module

from django.urls import get_resolver

# Imported where it is first called, so that commands and the workers of runs start sooner.
_IMPORTED_LATE = ("label_studio_sdk.client",)


def load_everything() -> None:
    """Import what is otherwise imported when it is first needed: the processes forked from here share it."""
    # All views, for what it loads.
    get_resolver().url_patterns  # noqa: B018
    for name in _IMPORTED_LATE:
        import_module(name)


def leave_out_of_collection() -> None:
    """Leave all objects that are there by now out of garbage collection.

    A full collection of all that is imported takes as long as a page, and in forked processes it copies their memory.
    """
    gc.collect()
    gc.freeze()
