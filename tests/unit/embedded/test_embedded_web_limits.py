import time

import pytest

from embedded.web.limits import (
    REQUEST_SECONDS,
    SMALL_BODY_BYTES,
    LimitedRequest,
    Limits,
    TooManyUploads,
    adjustments,
)

LIMITS = Limits(max_body_bytes=10 * SMALL_BODY_BYTES, max_uploads=1)
CHUNKED = b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"


def _upload() -> bytes:
    return f"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: {2 * SMALL_BODY_BYTES}\r\n\r\n".encode()


def test_only_so_many_uploads_lie_on_disk_at_once() -> None:
    shared = adjustments(limits=LIMITS)
    first, second = LimitedRequest(shared), LimitedRequest(shared)
    first.received(_upload())
    second.received(_upload())
    assert first.error is None
    assert isinstance(second.error, TooManyUploads)


def test_an_upload_gives_its_place_back() -> None:
    shared = adjustments(limits=LIMITS)
    LimitedRequest(shared).received(_upload())
    later = LimitedRequest(shared)
    later.received(_upload())
    assert later.error is None


def test_a_chunk_cannot_have_an_endless_first_line() -> None:
    request = LimitedRequest(adjustments(limits=LIMITS))
    request.received(CHUNKED)
    request.received(b"1" * 5_000)
    assert request.error is not None


@pytest.mark.parametrize(("num_received", "is_overdue"), [(0, True), (10_000_000, False)])
def test_a_request_is_overdue_unless_its_body_keeps_coming(num_received: int, is_overdue: bool) -> None:
    request = LimitedRequest(adjustments(limits=LIMITS))
    request.began_at = time.monotonic() - REQUEST_SECONDS - 1
    request.body_bytes_received = num_received
    assert request.is_overdue is is_overdue
