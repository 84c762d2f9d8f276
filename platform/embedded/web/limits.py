"""Waitress with limits on an incomplete request: time, connections, memory and disk.

Only a complete request gets a thread, so that half-sent ones cost a connection each and nothing else.
"""

import socket
import time
import weakref
from dataclasses import dataclass
from typing import Any

from waitress.adjustments import Adjustments
from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser
from waitress.receiver import ChunkedReceiver
from waitress.server import TcpWSGIServer
from waitress.task import ErrorTask
from waitress.utilities import BadRequest, Error, RequestEntityTooLarge

MAX_HEADER_BYTES = 64 * 1024
# A larger body is buffered on disk while it arrives, and counts as an upload.
SMALL_BODY_BYTES = 128 * 1024
MAX_CONTROL_LINE_BYTES = 1024
IDLE_SECONDS = 60
# A request must be complete by then; each byte of a body adds the time that it takes at the lowest speed.
REQUEST_SECONDS = 30.0
SLOWEST_BYTES_PER_SECOND = 20_000
CHECK_SECONDS = 2
# A client that still sends a refused body has this long to read why: closing at once would reset the connection.
LINGER_SECONDS = 3.0
MEGABYTE = 1024 * 1024


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What one process accepts at once."""

    max_body_bytes: int
    num_threads: int = 8
    max_connections: int = 500
    max_uploads: int = 8


class TooManyUploads(Error):  # type: ignore[misc]  # waitress has no types
    code = 503
    reason = "Service Unavailable"


class LimitedRequest(HTTPRequestParser):  # type: ignore[misc]  # as above
    """An incoming request. A refused one is refused before its body is written anywhere."""

    error: Error | None = None
    completed: bool = False

    def __init__(self, adjustments: Any) -> None:
        super().__init__(adjustments)
        self.began_at = time.monotonic()

    @property
    def is_overdue(self) -> bool:
        seconds = REQUEST_SECONDS + self.body_bytes_received / SLOWEST_BYTES_PER_SECOND
        return not self.completed and time.monotonic() - self.began_at > seconds

    def received(self, data: bytes) -> int:
        num_read: int = super().received(data)
        if isinstance(self.error, RequestEntityTooLarge):
            most = self.adj.max_request_body_size // MEGABYTE
            self.error = RequestEntityTooLarge(f"at most {most} MB are accepted in one request: send a smaller file")
        elif self.error is None:
            self.error = self._check()
            self.completed = self.completed or self.error is not None
        if self.error is not None:
            # Else waitress asks for the body of a refused request.
            self.expect_continue = False
        return num_read

    def _check(self) -> Error | None:
        body = self.body_rcv
        if isinstance(body, ChunkedReceiver) and len(body.control_line) + len(body.trailer) > MAX_CONTROL_LINE_BYTES:
            return BadRequest("a chunk's first line is too long")
        uploads = self.adj.uploads
        if self in uploads or max(self.content_length, self.body_bytes_received) <= SMALL_BODY_BYTES:
            return None
        if len(uploads) >= self.adj.max_uploads:
            return TooManyUploads("too many uploads at once; try again in a moment")
        uploads.add(self)
        return None


class ErrorReply(ErrorTask):  # type: ignore[misc]  # as above
    def execute(self) -> None:
        self.channel.is_refused = True
        super().execute()


class LimitedChannel(HTTPChannel):  # type: ignore[misc]  # as above
    parser_class = LimitedRequest
    error_task_class = ErrorReply
    request: LimitedRequest | None = None
    is_refused = False
    lingers_until: float | None = None

    @property
    def is_idle(self) -> bool:
        """No request is being processed and no response is being sent."""
        return not self.requests and not self.total_outbufs_len

    @property
    def is_overdue(self) -> bool:
        if self.lingers_until is not None:
            return time.monotonic() > self.lingers_until
        return self.request is not None and self.request.is_overdue

    def readable(self) -> bool:
        return self.lingers_until is not None or bool(super().readable())

    def writable(self) -> bool:
        return self.lingers_until is None and bool(super().writable())

    def handle_read(self) -> None:
        if self.lingers_until is None:
            super().handle_read()
        else:
            self.recv(SMALL_BODY_BYTES)  # thrown away

    def handle_close(self) -> None:
        if self.is_refused and self.connected and self.lingers_until is None:
            self.lingers_until = time.monotonic() + LINGER_SECONDS
            self.socket.shutdown(socket.SHUT_WR)
            return
        unfinished, self.request = self.request, None
        if unfinished is not None:
            unfinished.close()
        super().handle_close()


class LimitedServer(TcpWSGIServer):  # type: ignore[misc]  # as above
    """Serves an application on a socket that already listens."""

    channel_class = LimitedChannel

    @property
    def is_busy(self) -> bool:
        return any(not channel.is_idle for channel in list(self.active_channels.values()))

    def handle_accept(self) -> None:
        if len(self.active_channels) >= self.adj.max_connections:
            self._make_room()
        super().handle_accept()

    def maintenance(self, now: float) -> None:
        """Also close overdue requests, and clients that stopped reading their response."""
        super().maintenance(now)
        for channel in list(self.active_channels.values()):
            is_stalled = channel.total_outbufs_len and channel.last_activity < now - self.adj.channel_timeout
            if is_stalled or channel.is_overdue:
                channel.handle_close()

    def _make_room(self) -> None:
        """Close the connection that has been idle for longest, for a new one."""
        idle = [channel for channel in self.active_channels.values() if channel.is_idle]
        if idle:
            min(idle, key=lambda channel: channel.last_activity).handle_close()


def adjustments(*, limits: Limits) -> Adjustments:
    """Waitress's settings for these limits."""
    made = Adjustments(
        threads=limits.num_threads,
        # Our own limit closes an idle connection for a new one; this one would refuse the new one.
        connection_limit=10 * limits.max_connections,
        max_request_body_size=limits.max_body_bytes,
        max_request_header_size=MAX_HEADER_BYTES,
        inbuf_overflow=SMALL_BODY_BYTES,
        channel_timeout=IDLE_SECONDS,
        cleanup_interval=CHECK_SECONDS,
        asyncore_use_poll=True,
        # A proxy on this host says whether a client used https. Its other headers reach the application unchanged.
        trusted_proxy="127.0.0.1",
        trusted_proxy_headers={"x-forwarded-proto"},
        clear_untrusted_proxy_headers=False,
        ident="",
    )
    made.max_connections = limits.max_connections
    made.max_uploads = limits.max_uploads
    made.uploads = weakref.WeakSet()
    return made
