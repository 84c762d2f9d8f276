"""A small WSGI application that shows what a web server does with its requests."""

import os
import time
from collections.abc import Iterable
from typing import Any

LARGE_BYTES = 60 * 1024 * 1024
CHUNK = b"x" * 65536
LOADED_BY = os.getpid()


def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    path = environ["PATH_INFO"]
    if path == "/large":
        start_response("200 OK", [("Content-Length", str(LARGE_BYTES))])
        return (CHUNK for _ in range(LARGE_BYTES // len(CHUNK)))
    body = _answer(path, environ).encode()
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
    return [body]


def _answer(path: str, environ: dict[str, Any]) -> str:
    if path == "/slow":
        time.sleep(2)
        return "done"
    if path == "/loaded":
        return f"{LOADED_BY} {os.getpid()}"
    if path == "/length":
        return str(len(environ["wsgi.input"].read()))
    if path == "/scheme":
        return f"{environ['wsgi.url_scheme']} {environ.get('HTTP_X_FORWARDED_PROTO')} {environ['REMOTE_ADDR']}"
    return str(os.getpid())
