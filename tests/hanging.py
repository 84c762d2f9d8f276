"""Real servers that do not answer as they should: one accepts and says nothing, one sends a byte now and then."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from enum import StrEnum

SECONDS_BETWEEN_BYTES = 0.2
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n"


class Slow(StrEnum):
    SILENT = "says nothing"
    DRIPS_HEAD = "sends the head a byte at a time"
    DRIPS_BODY = "sends the body a byte at a time"


@contextmanager
def slow_server(how: Slow, *, is_called: threading.Event | None = None) -> Iterator[str]:
    """Yield the address of a server that is slow in this way; `is_called` is set once somebody came."""
    is_over = threading.Event()
    threads: list[threading.Thread] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def accept() -> None:
            with suppress(OSError):
                while True:
                    connection, _ = listener.accept()
                    threads.append(threading.Thread(target=_serve, args=(connection, how, is_over)))
                    threads[-1].start()
                    if is_called is not None:
                        is_called.set()

        accepting = threading.Thread(target=accept)
        accepting.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            is_over.set()
            listener.shutdown(socket.SHUT_RDWR)
            for thread in (accepting, *threads):
                thread.join()


def _serve(connection: socket.socket, how: Slow, is_over: threading.Event) -> None:
    with connection, suppress(OSError):
        if how is Slow.DRIPS_BODY:
            connection.recv(65536)
            connection.sendall(HEAD)
        while not is_over.wait(SECONDS_BETWEEN_BYTES):
            if how is not Slow.SILENT:
                connection.sendall(b"H" if how is Slow.DRIPS_HEAD else b" ")
