import time
from collections.abc import Iterator

import pytest

from tests.integration.embedded.web_ground import WebServer, answer_of, head, serving

MEGABYTE = 1024 * 1024
TOO_LARGE = "HTTP/1.1 413 Request Entity Too Large"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebServer]:
    with serving(tmp_path_factory.mktemp("web"), "--max-body-mb=4") as server:
        yield server


def test_one_that_tells_its_length_is_refused_unread(server: WebServer) -> None:
    with server.connect() as connection:
        connection.sendall(head("POST", "/length", f"Content-Length: {10_000 * MEGABYTE}"))
        assert answer_of(connection) == TOO_LARGE
    assert server.spooled_bytes() == 0


def test_one_that_asks_before_it_sends_is_told_no(server: WebServer) -> None:
    with server.connect() as connection:
        length = f"Content-Length: {10_000 * MEGABYTE}"
        connection.sendall(head("POST", "/length", length, "Expect: 100-continue"))
        assert answer_of(connection) == TOO_LARGE


def test_one_in_chunks_is_refused_at_the_limit_and_leaves_nothing(server: WebServer) -> None:
    chunk = b"100000\r\n" + b"x" * MEGABYTE + b"\r\n"
    with server.connect() as connection:
        connection.sendall(head("POST", "/length", "Transfer-Encoding: chunked") + chunk * 6)
        assert answer_of(connection) == TOO_LARGE
    assert server.get("/").isdigit()
    assert server.spooled_bytes() == 0


def test_who_still_sends_reads_the_reason(server: WebServer) -> None:
    with server.connect() as connection:
        connection.sendall(head("POST", "/length", f"Content-Length: {6 * MEGABYTE}") + b"x" * 6 * MEGABYTE)
        assert "at most 4 MB are accepted" in connection.makefile("rb").read().decode()


def test_one_within_the_limit_arrives_whole(server: WebServer) -> None:
    with server.connect() as connection:
        connection.sendall(head("POST", "/length", f"Content-Length: {3 * MEGABYTE}", "Connection: close"))
        connection.sendall(b"x" * 3 * MEGABYTE)
        assert connection.makefile("rb").read().endswith(str(3 * MEGABYTE).encode())
    assert server.spooled_bytes() == 0


def test_an_upload_that_breaks_off_leaves_nothing(server: WebServer) -> None:
    with server.connect() as connection:
        connection.sendall(head("POST", "/length", f"Content-Length: {3 * MEGABYTE}") + b"x" * 2 * MEGABYTE)
    end = time.monotonic() + 15
    while server.spooled_bytes():
        assert time.monotonic() < end, "what had come stayed on disk"
        time.sleep(0.05)


def test_large_headers_are_refused(server: WebServer) -> None:
    with server.connect() as connection:
        connection.sendall(head("GET", "/", "X-Long: " + "x" * 70_000))
        assert answer_of(connection).startswith("HTTP/1.0 431")
