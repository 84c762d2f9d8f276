"""Connecting to Label Studio with the settings' address and token, once it has proved that it is ours."""

import weakref
from functools import lru_cache
from typing import Any

import httpx
from django.conf import settings

from config.deadlines import bounded
from labeling import proofs
from labeling.label_studio import outages
from labeling.label_studio.client import (
    CONNECT_TIMEOUT_SECONDS,
    READ_TIMEOUT_SECONDS,
    LabelStudioClient,
    LabelStudioRefused,
    LabelStudioUnreachable,
    translated,
)

TESTED_RELEASE = "1.23"
# The addresses that this process has checked.
_checked: set[str] = set()


def connect() -> LabelStudioClient:
    """Raises: LabelStudioUnreachable (also during a pause after timeouts); LabelStudioRefused."""
    url, token = settings.LABEL_STUDIO_URL, settings.LABEL_STUDIO_API_TOKEN
    if not url or not token:
        raise LabelStudioRefused(
            "No Label Studio is configured. `python3 manage.py up` starts one; LABEL_STUDIO_URL names an external one."
        )
    reason = outages.pause_reason(url=url)
    if reason:
        raise LabelStudioUnreachable(reason)
    client = _client(url, token)
    if url not in _checked:
        _must_be_ours(client)
        _check_release(client)
    return client


@lru_cache(maxsize=4)
def _client(url: str, token: str) -> LabelStudioClient:
    limits = httpx.Timeout(READ_TIMEOUT_SECONDS, connect=CONNECT_TIMEOUT_SECONDS)
    transport = bounded(httpx.Client(timeout=limits, follow_redirects=True))
    client = LabelStudioClient(url=url, sdk=sdk_client(url=url, token=token, transport=transport))
    # A client that is no longer kept leaves no open sockets behind.
    weakref.finalize(client, transport.close)
    return client


def sdk_client(*, url: str, token: str, transport: httpx.Client) -> Any:
    """Make the SDK's client. Raises: LabelStudioRefused (an expired token)."""
    # A second of imports, which most processes never need.
    from label_studio_sdk import LabelStudio

    make: Any = LabelStudio
    return translated(url=url, call=lambda: make(base_url=url, api_key=token, httpx_client=transport))


def _must_be_ours(client: LabelStudioClient) -> None:
    """Have Label Studio prove that it shares our key before our token is sent: another program may have its port."""
    key, challenge = settings.TICKET_KEY, proofs.new_challenge()
    if not key:
        return
    answer = client.prove(challenge=challenge)
    if not proofs.is_proven(key=key, challenge=challenge, url=client.url, answer=answer):
        raise LabelStudioRefused(
            f"What answers at {client.url} does not know FULCRUM_TICKET_KEY, so our token was not sent to it. Start "
            "Label Studio with this version's labeling.server.settings and the same key."
        )


def _check_release(client: LabelStudioClient) -> None:
    release = client.release()
    if not release.startswith(f"{TESTED_RELEASE}."):
        raise LabelStudioRefused(
            f"Label Studio at {client.url} is {release}; Fulcrum was tested with {TESTED_RELEASE}."
        )
    _checked.add(client.url)
