import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from connections.client import Client, Endpoint, Reply, ServerBusy
from connections.sending import LEAST_WAIT_SECONDS, MOST_WAIT_SECONDS, RequestSender


class BusyClient(Client):
    """A server that is always busy, and says when to come again."""

    def __init__(self, retry_after: float | None) -> None:
        super().__init__(Endpoint(url="http://127.0.0.1:1", model="m"))
        self._retry_after = retry_after

    def complete(self, request: Mapping[str, Any]) -> Reply:
        raise ServerBusy("it answered 429: slow down", status=429, retry_after=self._retry_after)


class RecordingEvent(threading.Event):
    """Writes down how long it would wait, and waits for nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.waits: list[float] = []

    def wait(self, timeout: float | None = None) -> bool:
        self.waits.append(timeout or 0.0)
        assert len(self.waits) < 100, "it would never stop asking"
        return False


@pytest.mark.parametrize("retry_after", [None, 0.0, 2.0])
def test_a_server_that_stays_busy_is_given_up_within_a_minute(retry_after: float | None) -> None:
    waits = RecordingEvent()
    with BusyClient(retry_after) as client, ThreadPoolExecutor(1) as pool:
        sender = RequestSender(client=client, pool=pool, leaving=waits)
        sender.send(place=1, request={})
        (result,) = sender.arrived(seconds=10)
    assert isinstance(result.failure, ServerBusy)
    assert waits.waits[0] >= max(retry_after or 0.0, LEAST_WAIT_SECONDS)
    assert MOST_WAIT_SECONDS / 3 < sum(waits.waits) <= MOST_WAIT_SECONDS
