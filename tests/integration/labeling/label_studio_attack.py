# mypy: ignore-errors
# Label Studio's packages and settings are known in its own virtual environment only.
"""Sends every request that is not listed to Label Studio's own handler, and prints what was not refused.

Runs in Label Studio's Python, with its settings, views, sessions and database, and our guard. Of its middleware, only
what tells who asks stands before the guard: the rest takes ten times as long and decides nothing.
Reads JSON from stdin: `cookies` by role, `allowed` lists of method and route by role, `methods` by role, and `ids` that
exist. Prints JSON: `routes`, `sent`, and `let_through`.
"""

import json
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import django
from django.conf import settings
from django.test import Client
from django.urls import get_resolver, resolve

WHO_ASKS = (
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "jwt_auth.middleware.JWTAuthenticationMiddleware",
    "labeling.server.guard.Guard",
)
REFUSED = frozenset({401, 403})
# A second address of the same route, with a file's ending.
FORMATS = re.compile("<format>|suffix:format")
# Files of its pages; no route of theirs has a name.
ASSETS = re.compile(r"^/(static|react-app|dm|label-studio-frontend)/|^/(favicon\.ico|sw\.js|sw-fallback\.js)$")


def routes(patterns: Sequence[Any], before: str = "", names: tuple[str, ...] = ()) -> Iterator[tuple[str, str]]:
    for one in patterns:
        pattern = before + str(one.pattern)
        if hasattr(one, "url_patterns"):
            yield from routes(one.url_patterns, pattern, (*names, one.namespace) if one.namespace else names)
        else:
            yield ":".join([*names, one.name or ""]), pattern


def address(pattern: str, ids: Mapping[str, int]) -> str:
    """Fill in a pattern: the project, an example, an annotation, a person; anything else gets the example's id."""
    path = re.sub(r"\(\?P<(\w+)>[^)]*\)[?]?", r"<\1>", pattern)
    kind = next((kind for kind in ids if f"api/{kind}/" in pattern.replace("^", "")), "projects")
    words = {"path": "x", "filename": "x", "sub_path": "x", "entity_name": "task", "pk": ids[kind]}
    path = re.sub(r"<(?:\w+:)?(\w+)>", lambda found: str(words.get(found[1], ids["tasks"])), path)
    return "/" + re.sub(r"[$?^\\]", "", path)


def is_refused(answer: Any) -> bool:
    """Told that it is not for them, or led away, to Fulcrum or to their next example: never done, and never a crash."""
    away = answer.headers.get("location", "")
    is_led_away = answer.status_code == 302 and (away == settings.FULCRUM_URL or away.endswith("/data?labeling=1"))
    return answer.status_code in REFUSED or is_led_away


def attack(plan: Mapping[str, Any], paths: Sequence[str]) -> Iterator[tuple[str, bool]]:
    for role, methods in plan["methods"].items():
        allowed = {tuple(line) for line in plan["allowed"][role]}
        browser = Client(raise_request_exception=False, headers={"host": settings.ALLOWED_HOSTS[0]})
        for path in paths:
            # Some patterns have no beginning, and take the address of a later one.
            name = resolve(path).view_name
            for method in methods:
                if (method, name) in allowed or (method == "GET" and ASSETS.match(path)):
                    continue
                browser.cookies.load({settings.SESSION_COOKIE_NAME: plan["cookies"].get(role, "none")})
                answer = browser.generic(method, path)
                yield f"{role}: {method} {path} ({name}): {answer.status_code}", is_refused(answer)


def main() -> None:
    plan = json.load(sys.stdin)
    django.setup()
    settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if name in WHO_ASKS]
    known = [route for route in routes(get_resolver().url_patterns) if not FORMATS.search(route[1])]
    sent = list(attack(plan, sorted({address(pattern, plan["ids"]) for _, pattern in known})))
    let_through = [line for line, refused in sent if not refused]
    print(json.dumps({"routes": [name for name, _ in known], "sent": len(sent), "let_through": let_through}))


if __name__ == "__main__":
    main()
