"""One request to an OpenAI-compatible server, and what came back, read with care. Knows no database and no money."""

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from math import isfinite, isnan
from statistics import fmean
from typing import Any

import httpx

from tables.signs import printable

MOST_REPLY_BYTES = 4 * 2**20
_SHOWN_CHARACTERS = 200
_UNUSABLE = frozenset({401, 402, 403, 404, 405, 407, 410})
# A gateway gave up on a server that may have gone on working; 524 is Cloudflare's.
_GATEWAY_TIMEOUT = frozenset({408, 504, 524})


class RequestFailed(Exception):
    """No answer came of a request."""


class ServerBusy(RequestFailed):
    """The server does not answer now: overloaded, broken or not reached. Nothing was worked on."""

    def __init__(self, reason: str, *, status: int | None = None, retry_after: float | None = None) -> None:
        super().__init__(reason)
        self.status, self.retry_after = status, retry_after


class RequestRejected(RequestFailed):
    """The server cannot answer this request: it is too long, or asks for what the server does not know."""


class ConnectionUnusable(RequestFailed):
    """The server answers nobody here: the key is wrong, the model or the URL is gone, the account is empty."""


class ReplyLost(RequestFailed):
    """The request was sent, and no readable answer came. The server may have worked on it, and may charge for it."""


@dataclass(frozen=True, kw_only=True)
class Usage:
    """Tokens as the server counted them; cached ones are part of the input."""

    input_tokens: int
    cached_tokens: int
    output_tokens: int


@dataclass(frozen=True, kw_only=True)
class Reply:
    """What a server answered. `alternatives` are the likeliest first tokens with their log-probabilities.

    `log_probability` is the mean of that of all tokens, where the server tells it.
    """

    content: str
    refusal: str = ""
    finish: str = ""
    alternatives: tuple[tuple[str, float], ...] = ()
    log_probability: float | None = None
    usage: Usage | None = None


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    url: str
    model: str
    key: str = field(default="", repr=False)
    timeout_seconds: float = 60.0


class Client:
    """A pool of HTTP connections to one endpoint; safe to use from several threads. It follows no redirect."""

    def __init__(self, endpoint: Endpoint, *, most_connections: int = 1) -> None:
        self._endpoint = endpoint
        headers = {"Authorization": f"Bearer {endpoint.key}"} if endpoint.key else {}
        limits = httpx.Limits(max_connections=most_connections, max_keepalive_connections=most_connections)
        self._http = httpx.Client(headers=headers, timeout=endpoint.timeout_seconds, limits=limits)

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *error: object) -> None:
        self._http.close()

    def complete(self, request: Mapping[str, Any]) -> Reply:
        """Ask for one completion. Raises: RequestFailed, by its kind."""
        url = f"{self._endpoint.url}/chat/completions"
        body = {"model": self._endpoint.model, **request}
        with _told_apart(), self._http.stream("POST", url, json=body) as response:
            content = self._read(response)
        if response.status_code != httpx.codes.OK:
            raise self._failure(response, content)
        return read_reply(content)

    def _read(self, response: httpx.Response) -> bytes:
        deadline = time.monotonic() + self._endpoint.timeout_seconds
        found = bytearray()
        for chunk in response.iter_bytes():
            found += chunk
            if len(found) > MOST_REPLY_BYTES:
                raise ReplyLost(f"its answer is longer than {MOST_REPLY_BYTES:,} bytes")
            if time.monotonic() > deadline:
                raise ReplyLost(f"its answer took longer than {self._endpoint.timeout_seconds:g} s")
        return bytes(found)

    def _failure(self, response: httpx.Response, content: bytes) -> RequestFailed:
        said = content.decode("utf-8", errors="replace")
        if self._endpoint.key:
            said = said.replace(self._endpoint.key, "***")
        reason = f"it answered {response.status_code}: {printable(_message(said), most=_SHOWN_CHARACTERS)}"
        status = response.status_code
        if status in _UNUSABLE:
            return ConnectionUnusable(reason)
        if response.is_redirect:
            target = printable(response.headers.get("Location", "no URL"), most=_SHOWN_CHARACTERS)
            return ConnectionUnusable(f"it redirects ({status}) to {target}; add a connection with the right URL")
        if status in _GATEWAY_TIMEOUT or status < 300:
            return ReplyLost(reason)
        # The server has not worked on the request, or says that it has not.
        if status == httpx.codes.TOO_MANY_REQUESTS or status >= 500:
            return ServerBusy(reason, status=status, retry_after=_seconds(response.headers.get("Retry-After")))
        return RequestRejected(reason)


@contextmanager
def _told_apart() -> Iterator[None]:
    """Turn errors of the network into whether the request may have been worked on."""
    try:
        yield
    except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
        raise ServerBusy(f"it was not reached: {error or type(error).__name__}") from error
    except (httpx.UnsupportedProtocol, httpx.InvalidURL) as error:
        raise ConnectionUnusable(f"its URL cannot be called: {error}") from error
    except httpx.HTTPError as error:
        raise ReplyLost(f"no answer came: {error or type(error).__name__}") from error


def read_reply(content: bytes) -> Reply:
    """Read the body of a chat completion. Raises: ReplyLost."""
    try:
        body = json.loads(content)
        choice = body["choices"][0]
        message = choice["message"]
        return Reply(
            content=str(message.get("content") or ""),
            refusal=str(message.get("refusal") or ""),
            finish=str(choice.get("finish_reason") or ""),
            alternatives=_alternatives(choice.get("logprobs")),
            log_probability=_log_probability(choice.get("logprobs")),
            usage=_usage(body.get("usage")),
        )
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise ReplyLost(f"its answer is no chat completion ({type(error).__name__})") from error


def _alternatives(logprobs: object) -> tuple[tuple[str, float], ...]:
    """The alternatives of the first token; none where the server gives none, or not as it should."""
    try:
        first = logprobs["content"][0]["top_logprobs"]  # type: ignore[index]
        return tuple((str(one["token"]), float(one["logprob"])) for one in first)
    except (LookupError, TypeError, ValueError, OverflowError):
        return ()


def _log_probability(logprobs: object) -> float | None:
    """The mean log-probability of the tokens; None where the server gives none, or not as it should."""
    try:
        found = [float(one["logprob"]) for one in logprobs["content"]]  # type: ignore[index]
    except (LookupError, TypeError, ValueError, OverflowError):
        return None
    # Some servers give a positive one by rounding.
    return fmean(min(one, 0.0) for one in found) if found and all(map(isfinite, found)) else None


def _usage(told: object) -> Usage | None:
    """Usage that can be billed; None where a count is missing or is none."""
    if not isinstance(told, Mapping):
        return None
    details = told.get("prompt_tokens_details")
    cached = details.get("cached_tokens") if isinstance(details, Mapping) else None
    num_input, num_output = _count(told.get("prompt_tokens")), _count(told.get("completion_tokens"))
    num_cached = 0 if cached is None else _count(cached)
    if num_input is None or num_output is None or num_cached is None:
        return None
    return Usage(input_tokens=num_input, cached_tokens=min(num_cached, num_input), output_tokens=num_output)


def _count(told: object) -> int | None:
    return told if isinstance(told, int) and not isinstance(told, bool) and told >= 0 else None


def _message(said: str) -> str:
    try:
        error = json.loads(said)["error"]
        return str(error["message"] if isinstance(error, Mapping) else error)
    except (ValueError, LookupError, TypeError, RecursionError):
        return said


def _seconds(header: str | None) -> float | None:
    try:
        seconds = float(header or "nan")
    except ValueError:
        return None
    return None if isnan(seconds) else max(seconds, 0.0)
