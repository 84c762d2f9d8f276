"""An OpenAI-compatible server for tests: answers as it is told, counts every request, and has a log of its own.

In front of a real server it passes requests on, and spoils those that it is told to.
"""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.request import Request, urlopen

CUT = "cut"
Told = tuple[int, dict[str, Any]] | str
Answerer = Callable[[dict[str, Any]], Told]


@dataclass
class Served:
    """What a server was asked, in order, and what it would charge for: usage of each reply that it worked out."""

    url: str
    requests: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    charged: list[dict[str, int]] = field(default_factory=list)

    @property
    def texts(self) -> list[str]:
        return [request["messages"][-1]["content"] for request in self.requests]

    def total(self, name: str) -> int:
        return sum(usage[name] for usage in self.charged)


def usage(*, given: int = 30, written: int = 1, cached: int | None = None) -> dict[str, Any]:
    details = {} if cached is None else {"prompt_tokens_details": {"cached_tokens": cached}}
    return {"prompt_tokens": given, "completion_tokens": written, **details}


def completion(
    content: str,
    *,
    letters: dict[str, float] | None = None,
    finish: str = "stop",
    refusal: str | None = None,
    used: dict[str, Any] | None = None,
) -> Told:
    """A chat completion; `letters` are log-probabilities of the first token's alternatives."""
    alternatives = [{"token": token, "logprob": value} for token, value in (letters or {}).items()]
    logprobs = {"content": [{"token": content, "logprob": -0.1, "top_logprobs": alternatives}]} if letters else None
    message = {"role": "assistant", "content": content, "refusal": refusal}
    choice = {"index": 0, "message": message, "finish_reason": finish, "logprobs": logprobs}
    body: dict[str, Any] = {"object": "chat.completion", "choices": [choice]}
    return 200, {**body, "usage": usage() if used is None else used} if used != {} else body


def chosen_by(text_has: str) -> Answerer:
    """Letter A for texts that have a word, letter B for others; JSON where a schema is asked for."""

    def answer(request: dict[str, Any]) -> Told:
        is_first = text_has in request["messages"][-1]["content"]
        if "response_format" in request:
            schema = request["response_format"]["json_schema"]["schema"]["properties"]["label"]["enum"]
            return completion(json.dumps({"label": schema[0 if is_first else 1]}))
        return completion(
            "A" if is_first else "B", letters={"A": -0.1, " B": -2.5} if is_first else {"B": -0.1, "A": -3}
        )

    return answer


@contextmanager
def language_server(answer: Answerer) -> Iterator[Served]:
    """Yield a server that answers each request as `answer` says: status and body, or that the connection is cut."""
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            with lock:
                served.requests.append(request)
                served.headers.append(dict(self.headers))
            told = answer(request)
            if isinstance(told, str):
                self.close_connection = True
                self.connection.close()
                return
            status, body = told
            with lock:
                if status == 200 and "usage" in body:
                    served.charged.append(body["usage"])
            self._send(status, json.dumps(body).encode(), body.get("retry_after"))

        def _send(self, status: int, content: bytes, retry_after: object) -> None:
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            if retry_after is not None:
                self.send_header("Retry-After", str(retry_after))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing on the terminal."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 64

        def handle_error(self, request: object, client_address: object) -> None:
            """A connection that was cut on purpose is no error."""

    with Server(("127.0.0.1", 0), Handler) as server:
        served = Served(url=f"http://127.0.0.1:{server.server_address[1]}/v1")
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield served
        finally:
            server.shutdown()
            thread.join()


def passed_on(to: str) -> Answerer:
    """An answer that another server gives."""

    def answer(request: dict[str, Any]) -> Told:
        sent = Request(f"{to}/chat/completions", json.dumps(request).encode(), {"Content-Type": "application/json"})
        with urlopen(sent, timeout=60) as response:
            return response.status, json.loads(response.read())

    return answer
