import gzip

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpResponse, StreamingHttpResponse
from django.test import RequestFactory

from config import env
from web.http.middleware import CompressText, RefuseCrossSite

FROM_US = "http://testserver"


def ask(method: str = "post", **headers: str) -> int:
    request = RequestFactory().generic(method.upper(), "/labeling/webhook/x", headers=headers)
    return RefuseCrossSite(lambda _: HttpResponse())(request).status_code


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://elsewhere.example"},
        {"Origin": "http://testserver:8080", "Sec-Fetch-Site": "same-site"},
        {"Origin": "null"},
        {"Origin": FROM_US, "Sec-Fetch-Site": "cross-site"},
    ],
)
@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_a_change_from_another_site_is_refused(method: str, headers: dict[str, str]) -> None:
    assert ask(method, **headers) == 403


@pytest.mark.parametrize(
    "headers",
    [{}, {"Origin": FROM_US}, {"Origin": FROM_US, "Sec-Fetch-Site": "same-origin"}, {"Sec-Fetch-Site": "none"}],
)
def test_our_own_pages_and_programs_are_served(headers: dict[str, str]) -> None:
    assert ask(**headers) == 200


def test_a_link_from_another_site_is_followed() -> None:
    assert ask("get", **{"Origin": "https://elsewhere.example", "Sec-Fetch-Site": "cross-site"}) == 200


def compressed(response: HttpResponse | StreamingHttpResponse) -> HttpResponse | StreamingHttpResponse:
    request = RequestFactory().get("/", headers={"Accept-Encoding": "gzip, br"})
    answer = CompressText(lambda _: response)(request)
    assert isinstance(answer, HttpResponse | StreamingHttpResponse)
    return answer


def test_pages_are_compressed() -> None:
    answer = compressed(HttpResponse("a page " * 200))
    assert isinstance(answer, HttpResponse)
    assert answer["Content-Encoding"] == "gzip" and "Accept-Encoding" in answer["Vary"]
    assert gzip.decompress(answer.content) == b"a page " * 200


def test_a_streamed_file_stays_a_stream() -> None:
    answer = compressed(StreamingHttpResponse((f"{i},row\n".encode() for i in range(9999)), content_type="text/csv"))
    assert isinstance(answer, StreamingHttpResponse)
    pieces = [bytes(piece) for piece in iter(answer)]
    assert len(pieces) > 1
    assert gzip.decompress(b"".join(pieces)).startswith(b"0,row\n1,row\n")


def test_what_is_compressed_already_goes_as_it_is() -> None:
    assert "Content-Encoding" not in compressed(HttpResponse(b"p" * 2000, content_type="image/png"))


def test_every_host_at_once_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FULCRUM_X", "a.example, b.example")
    assert env.hosts("FULCRUM_X", "c.example") == ["a.example", "b.example"]
    monkeypatch.setenv("FULCRUM_X", "a.example,*")
    with pytest.raises(ImproperlyConfigured, match="answers to every host"):
        env.hosts("FULCRUM_X", "c.example")
