"""Prints every route of Label Studio, with ours on top, as JSON lines of name and pattern. Runs in its own Python."""

import json
from collections.abc import Iterator, Sequence
from typing import Any

import django
from django.urls import get_resolver


def routes(patterns: Sequence[Any], before: str = "", names: tuple[str, ...] = ()) -> Iterator[tuple[str, str]]:
    for one in patterns:
        pattern = before + str(one.pattern)
        if hasattr(one, "url_patterns"):
            yield from routes(one.url_patterns, pattern, (*names, one.namespace) if one.namespace else names)
        else:
            yield ":".join([*names, one.name or ""]), pattern


if __name__ == "__main__":
    django.setup()
    for route in routes(get_resolver().url_patterns):
        print(json.dumps(route))
