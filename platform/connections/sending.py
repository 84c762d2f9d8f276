"""Sending requests, several at a time, and waiting where the server is busy. Knows no database."""

import random
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from connections.client import Client, Endpoint, Reply, RequestFailed, ServerBusy
from connections.keys import decrypt_key
from connections.models import Connection

# A server that is busy is asked again after 1, 2, 4, … seconds, or when it says, up to a minute in all.
FIRST_WAIT_SECONDS = 1.0
MOST_WAIT_SECONDS = 60.0
# The least that is waited, doubled each time, for a server that says "at once" and stays busy.
LEAST_WAIT_SECONDS = 0.05


@dataclass(frozen=True, kw_only=True)
class RequestResult:
    """What came of one request: a reply, or why there is none."""

    place: int
    reply: Reply | None = None
    failure: RequestFailed | None = None


class RequestSender:
    """Threads that send requests of one connection; they end with `leave`, after the requests in flight."""

    def __init__(self, *, client: Client, pool: ThreadPoolExecutor, leaving: threading.Event) -> None:
        self._client, self._pool, self._leaving = client, pool, leaving
        self._flying: set[Future[RequestResult]] = set()

    @property
    def num_flying(self) -> int:
        return len(self._flying)

    def send(self, *, place: int, request: Mapping[str, Any]) -> None:
        self._flying.add(self._pool.submit(self._ask, place, request))

    def arrived(self, *, seconds: float) -> list[RequestResult]:
        """What has arrived, waiting so long for the first."""
        if not self._flying:
            self._leaving.wait(seconds)
            return []
        done, self._flying = wait(self._flying, timeout=seconds, return_when=FIRST_COMPLETED)
        return [one.result() for one in done]

    def leave(self) -> None:
        """Wait for no busy server any more."""
        self._leaving.set()

    def _ask(self, place: int, request: Mapping[str, Any]) -> RequestResult:
        waited, num_waits = 0.0, 0
        while True:
            try:
                return RequestResult(place=place, reply=self._client.complete(request))
            except ServerBusy as busy:
                seconds = _seconds_to_wait(busy, num_waits)
                if waited + seconds > MOST_WAIT_SECONDS or self._leaving.wait(seconds):
                    return RequestResult(place=place, failure=busy)
                waited, num_waits = waited + seconds, num_waits + 1
            except RequestFailed as failure:
                return RequestResult(place=place, failure=failure)


def _seconds_to_wait(busy: ServerBusy, num_waits: int) -> float:
    """How long to wait before a busy server is asked again, after so many waits."""
    if busy.retry_after is not None:
        return max(busy.retry_after, LEAST_WAIT_SECONDS * 2.0**num_waits)
    # Not all at the same moment again.
    return FIRST_WAIT_SECONDS * 2.0**num_waits * random.uniform(0.75, 1.25)


def endpoint_of(connection: Connection) -> Endpoint:
    """Raises: KeyUnreadable."""
    return Endpoint(
        url=connection.url.rstrip("/"),
        model=connection.model,
        key=decrypt_key(connection.encrypted_key),
        timeout_seconds=float(connection.timeout_seconds),
    )


@contextmanager
def request_sender(connection: Connection) -> Iterator[RequestSender]:
    """Threads to ask a connection with, as many as it may be asked at a time. Raises: KeyUnreadable."""
    leaving, num = threading.Event(), connection.concurrency
    with Client(endpoint_of(connection), most_connections=num) as client, ThreadPoolExecutor(num) as pool:
        try:
            yield RequestSender(client=client, pool=pool, leaving=leaving)
        finally:
            leaving.set()
