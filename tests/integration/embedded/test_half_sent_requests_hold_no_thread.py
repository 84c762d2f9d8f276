from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.integration.embedded.web_ground import WebServer, answer_of, head, serving

NUM_BAD = 60


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebServer]:
    with serving(tmp_path_factory.mktemp("web"), "--threads=2", "--max-body-mb=2") as server:
        yield server


@pytest.mark.parametrize(
    "sent",
    [
        b"POST / HT",
        head("POST", "/", "Content-Length: 1000")[:-2],
        head("POST", "/length", "Content-Length: 1000") + b"half",
        head("POST", "/length", "Transfer-Encoding: chunked") + b"10\r\nhalf",
    ],
)
def test_the_site_answers_beside_sixty_half_sent_requests(server: WebServer, sent: bytes) -> None:
    with ExitStack() as stack:
        for _ in range(NUM_BAD):
            stack.enter_context(server.connect()).sendall(sent)
        assert server.get("/").isdigit()
        assert server.get("/").isdigit()


def test_a_request_that_was_half_sent_is_answered_once_it_is_whole(server: WebServer) -> None:
    with server.connect() as slow:
        slow.sendall(head("POST", "/length", "Content-Length: 8") + b"half")
        assert server.get("/").isdigit()
        slow.sendall(b"done")
        assert answer_of(slow) == "HTTP/1.1 200 OK"


def test_one_that_reads_no_further_holds_no_other_up(tmp_path: Path) -> None:
    with serving(tmp_path, "--threads=2", "--processes=1") as server, server.connect() as deaf:
        deaf.sendall(head("GET", "/large"))
        assert answer_of(deaf) == "HTTP/1.1 200 OK"
        assert server.get("/").isdigit()
