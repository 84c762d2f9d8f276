"""Fulcrum's pages for Label Studio, served from a thread of the test, on the test's own database."""

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any
from wsgiref.types import StartResponse, WSGIEnvironment

from embedded.services import HOST

Application = Callable[[WSGIEnvironment, StartResponse], Iterable[bytes]]
# What a test's thread and the served one may do at once, on one connection: no page that begins a transaction.
ABOUT_PEOPLE = ("/labeling/access",)
# Where the test's thread waits meanwhile.
ALL_FOR_LABEL_STUDIO = ("/labeling/",)


@contextmanager
def pages_served(*, port: int, paths: tuple[str, ...] = ABOUT_PEOPLE) -> Iterator[None]:
    """Serve the pages that Label Studio asks for; any other is answered 503, as if no web server were there."""
    # Here and not above: this module is loaded before Django's settings are.
    from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler
    from django.db import connections

    class Quiet(WSGIRequestHandler):
        def log_message(self, format: str, *args: object) -> None:
            pass

    class Server(ThreadedWSGIServer):
        def _close_connections(self) -> None:
            if not is_shared:
                connections.close_all()

    # Inside a test's transaction, only its own connection sees what it made.
    connection = connections["default"]
    is_shared = connection.in_atomic_block
    if is_shared:
        connection.inc_thread_sharing()
    shared: dict[str, Any] = {"default": connection} if is_shared else {}
    server = Server((HOST, port), Quiet, connections_override=shared)
    server.set_app(_only(paths))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
        if is_shared:
            connection.dec_thread_sharing()


def _only(paths: tuple[str, ...]) -> Application:
    from django.core.handlers.wsgi import WSGIHandler, WSGIRequest
    from django.http import HttpResponse

    handler = WSGIHandler()

    def serve(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if not environ["PATH_INFO"].startswith(paths):
            start_response("503 Service Unavailable", [("Content-Type", "text/plain")])
            return [b"not served in this test"]
        # Without the signals of a request, at which Django would close the test's connection.
        response = handler.get_response(WSGIRequest(environ))
        assert isinstance(response, HttpResponse)
        start_response(f"{response.status_code} {response.reason_phrase}", list(response.items()))
        return [response.content]

    return serve
