from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from label_studio_sdk.core.api_error import ApiError
from pytest_django import Settings

from labeling.label_studio import (
    LabelStudioClient,
    LabelStudioRefused,
    LabelStudioUnreachable,
    client,
    connect,
    connecting,
)
from labeling.label_studio.client import READ_ATTEMPTS


def failing(error: Exception, calls: list[int]) -> Callable[..., Any]:
    def call(**options: Any) -> Any:
        calls.append(1)
        raise error

    return call


@pytest.fixture
def connected(monkeypatch: pytest.MonkeyPatch) -> LabelStudioClient:
    monkeypatch.setattr(client, "FIRST_WAIT_SECONDS", 0)
    return LabelStudioClient(url="http://ls", sdk=None)


@pytest.mark.parametrize(
    "error",
    [httpx.ConnectError("refused"), httpx.TooManyRedirects("21"), ApiError(status_code=503, body="busy")],
)
def test_a_read_is_tried_again_and_a_write_is_not(connected: LabelStudioClient, error: Exception) -> None:
    for method, expected in ((connected._read, READ_ATTEMPTS), (connected._write, 1)):
        calls: list[int] = []
        with pytest.raises(LabelStudioUnreachable, match="http://ls"):
            method(failing(error, calls))
        assert len(calls) == expected


def test_a_refusal_is_not_tried_again(connected: LabelStudioClient) -> None:
    calls: list[int] = []
    with pytest.raises(LabelStudioRefused, match=r"refused \(400\): bad config"):
        connected._read(failing(ApiError(status_code=400, body="bad config"), calls))
    assert len(calls) == 1


def test_a_page_in_place_of_our_answer_is_trouble_that_may_pass(connected: LabelStudioClient) -> None:
    page = httpx.Response(200, text="<html>Sign in to the proxy</html>")
    wrapper = SimpleNamespace(httpx_client=SimpleNamespace(request=lambda *_, **__: page))
    proxied = LabelStudioClient(url="http://ls", sdk=SimpleNamespace(_client_wrapper=wrapper))
    with pytest.raises(LabelStudioUnreachable, match="http://ls answered fulcrum/examples with invalid JSON"):
        proxied.examples(project_id=1)


def test_a_token_that_is_not_accepted_says_what_to_set(connected: LabelStudioClient) -> None:
    with pytest.raises(LabelStudioRefused, match="LABEL_STUDIO_API_TOKEN"):
        connected._write(failing(ApiError(status_code=401, body=""), []))


def test_without_a_label_studio_the_message_says_how_to_get_one(settings: Settings) -> None:
    settings.LABEL_STUDIO_URL = ""
    with pytest.raises(LabelStudioRefused, match=r"manage\.py up"):
        connect()


def test_a_release_that_was_not_tested_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(LabelStudioClient, "release", lambda self: "1.24.0")
    with pytest.raises(LabelStudioRefused, match=r"is 1\.24\.0; Fulcrum was tested with 1\.23"):
        connecting._check_release(LabelStudioClient(url="http://other-release", sdk=None))
