import json
import socket
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest
from pytest_django import Settings

from embedded import services
from embedded.data_folder import load_secrets, remember_label_studio_token
from embedded.services import LabelStudioSetUpFailed, NotOurs
from embedded.services.label_studio import _sign_in
from labeling.label_studio import LabelStudioRefused, connect
from tests.services import PATHS, LabelStudioServer


def _access(url: str, token: str) -> str:
    """What a client makes of the token: a short-lived key."""
    body = json.dumps({"refresh": token}).encode()
    request = urllib.request.Request(f"{url}/api/token/refresh/", body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=30) as response:
        return str(json.load(response)["access"])


def _get(url: str, access: str) -> int:
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {access}"})
    with urllib.request.urlopen(request, timeout=30) as response:
        return int(response.status)


def test_it_is_up_without_a_browser_and_its_token_works(label_studio: LabelStudioServer) -> None:
    access = _access(label_studio.url, label_studio.token)
    assert _get(f"{label_studio.url}/api/projects", access) == 200


def test_a_second_preparation_changes_nothing(label_studio: LabelStudioServer) -> None:
    before = label_studio.token
    label_studio.prepare()
    assert label_studio.token == before


def test_a_lost_token_is_replaced(label_studio: LabelStudioServer) -> None:
    lost = label_studio.token
    remember_label_studio_token(paths=PATHS, token="")
    label_studio.prepare()
    assert _access(label_studio.url, label_studio.token)
    with pytest.raises(urllib.error.HTTPError):
        _access(label_studio.url, lost)


def test_it_comes_back_after_a_crash_and_remembers(label_studio: LabelStudioServer) -> None:
    label_studio.kill()
    label_studio.start()
    assert _access(label_studio.url, label_studio.token)


def test_it_speaks_to_nobody_outside() -> None:
    environment = services.label_studio_server(paths=PATHS).environment()
    assert environment["LABEL_STUDIO_SENTRY_DSN"] == environment["LABEL_STUDIO_FRONTEND_SENTRY_DSN"] == ""
    assert environment["LABEL_STUDIO_COLLECT_ANALYTICS"] == "false"


def test_a_refused_sign_in_says_which_file_to_restore(label_studio: LabelStudioServer) -> None:
    with (
        httpx.Client(base_url=label_studio.url, follow_redirects=True) as client,
        pytest.raises(LabelStudioSetUpFailed, match=r"secrets\.json"),
    ):
        _sign_in(client, email="admin@fulcrum.local", password="wrong")


def test_it_proves_that_it_is_ours(label_studio: LabelStudioServer) -> None:
    services.label_studio_server(paths=PATHS).must_be_ours()


def test_a_proof_for_another_port_proves_nothing(label_studio: LabelStudioServer) -> None:
    server = services.label_studio_server(paths=PATHS)
    with socket.create_server(("127.0.0.1", 0)) as relay:
        port = relay.getsockname()[1]
        thread = threading.Thread(target=_hand_on, args=(relay, server.port))
        thread.start()
        with pytest.raises(NotOurs, match="no password was sent"):
            replace(server, port=port).must_be_ours()
        thread.join()


def _hand_on(relay: socket.socket, port: int) -> None:
    """Be a stranger who passes one question on to the true server, and its answer back."""
    caller, _ = relay.accept()
    with caller, socket.create_connection(("127.0.0.1", port)) as true_one:
        true_one.sendall(caller.recv(65536))
        caller.sendall(true_one.recv(65536))


def test_a_stranger_on_its_port_is_told_no_secret() -> None:
    known = load_secrets(paths=PATHS)
    with stranger() as (port, heard):
        server = replace(services.label_studio_server(paths=PATHS), port=port)
        with pytest.raises(NotOurs):
            server.ensure_token()
    said = b"".join(heard)
    assert known.label_studio_password.encode() not in said
    assert b"/user/login" not in said


@pytest.mark.django_db
def test_a_stranger_on_its_port_gets_no_token_either(settings: Settings) -> None:
    with stranger() as (port, heard):
        settings.LABEL_STUDIO_URL, settings.LABEL_STUDIO_API_TOKEN = f"http://127.0.0.1:{port}", "a-secret-token"
        with pytest.raises(LabelStudioRefused, match="our token was not sent"):
            connect()
    assert b"a-secret-token" not in b"".join(heard)


@contextmanager
def stranger() -> Iterator[tuple[int, list[bytes]]]:
    """Somebody else's server, which says yes to everything and writes down what it hears."""
    heard: list[bytes] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            heard.append(self.requestline.encode() + bytes(self.headers) + body)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"yes")

        do_POST = do_GET

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield int(server.server_address[1]), heard
        server.shutdown()
        thread.join()
