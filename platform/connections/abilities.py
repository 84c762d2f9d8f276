"""The self-test: a few short requests that find what a server can do. They cost a few tokens, in no budget."""

import json
from collections.abc import Mapping
from typing import Any

import httpx

from connections.client import Client, Endpoint, Reply, RequestFailed, RequestRejected, ServerBusy
from connections.prompts import MOST_ALTERNATIVES

_ASK = [{"role": "user", "content": "Which letter comes first in the alphabet? Answer with one letter."}]
_CHOICES = ["alpha", "omega"]
_SCHEMA = {
    "name": "answer",
    "strict": True,
    "schema": {
        "type": "object",
        "properties": {"label": {"type": "string", "enum": _CHOICES}},
        "required": ["label"],
        "additionalProperties": False,
    },
}
_LIMITS = ("max_tokens", "max_completion_tokens")


def find_abilities(endpoint: Endpoint) -> dict[str, Any]:
    """Try a server: whether it answers, and what it gives beside the text; `error` says why it does not answer."""
    with Client(endpoint) as client:
        try:
            limit, plain = _plain(client)
            seeded = _try(client, {limit: 1, "temperature": 0, "seed": 0})
            scored = _try(client, {limit: 1, "temperature": 0, "logprobs": True, "top_logprobs": MOST_ALTERNATIVES})
            form = {"type": "json_schema", "json_schema": _SCHEMA}
            structured = _try(client, {limit: 64, "temperature": 0, "response_format": form})
        except RequestFailed as failure:
            return {"answers": False, "error": str(failure)}
    return {
        "answers": True,
        "limit": limit,
        "usage": plain.usage is not None,
        "seed": seeded is not None,
        "alternatives": len(scored.alternatives) if scored else 0,
        "structured": structured is not None and _is_of_schema(structured.content),
    }


def _plain(client: Client) -> tuple[str, Reply]:
    """Ask for one token, by the first name of the limit that the server knows."""
    for name in _LIMITS:
        try:
            return name, client.complete({"messages": _ASK, name: 1})
        except RequestRejected:
            if name == _LIMITS[-1]:
                raise
    raise AssertionError("the last name raises")


def _try(client: Client, options: Mapping[str, Any]) -> Reply | None:
    """A reply, or None where the server does not know these options. Raises: ServerBusy (nothing is known of them)."""
    try:
        return client.complete({"messages": _ASK, **options})
    except ServerBusy as busy:
        # Some servers break (500) on options that they do not know.
        if busy.status != httpx.codes.INTERNAL_SERVER_ERROR:
            raise
        return None
    except RequestFailed:
        return None


def _is_of_schema(content: str) -> bool:
    try:
        told = json.loads(content)
    except (ValueError, RecursionError):
        return False
    return isinstance(told, dict) and list(told) == ["label"] and told["label"] in _CHOICES
