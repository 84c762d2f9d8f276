"""A model over HTTP, as a WSGI application: POST /predict, GET /health. It asks nobody who they are."""

import json
import os
from collections.abc import Iterable
from dataclasses import dataclass, replace
from http import HTTPStatus
from pathlib import Path
from typing import Any
from wsgiref.types import StartResponse, WSGIEnvironment

import torch

from training.contract import EXPORT_FILE, SERVE_VARIABLE, TORCH
from training.data import LineAnswer
from training.evaluation import Predictor, load_predictor
from training.runtime import StopFlag, read_json
from training.serving.batching import Batcher, BatchLimits, QueueFull, TooLate
from training.serving.requests import RequestInvalid, RequestLimits, TooManyTexts, read_request

PREDICT, HEALTH = "/predict", "/health"
METHODS = {PREDICT: "POST", HEALTH: "GET"}
JSON = "application/json"
SECONDS_UNTIL_RETRY = "1"


@dataclass(frozen=True, kw_only=True)
class Reply:
    """A status, what is said as JSON, and further headers."""

    status: HTTPStatus
    payload: dict[str, Any]
    headers: tuple[tuple[str, str], ...] = ()


class ServedModel:
    """Answers requests with one model; may be called by many threads at once."""

    def __init__(self, *, predictor: Predictor, name: str, batches: BatchLimits, requests: RequestLimits) -> None:
        self._predictor = predictor
        self._name = name
        # What the queue can never hold is refused as too much, not put off.
        self._limits = replace(requests, max_texts=min(requests.max_texts, batches.max_queue))
        self._batcher = Batcher(answer=predictor.answers, limits=batches)

    @classmethod
    def of_environment(cls) -> "ServedModel":
        """Load what SERVE_VARIABLE names, within the limits that it sets. Raises: PermanentFailure."""
        asked = json.loads(os.environ[SERVE_VARIABLE])
        folder = Path(asked["model"])
        torch.set_num_threads(asked["threads"])
        return cls(
            predictor=load_predictor(folder, stop=StopFlag()),
            name=read_json(folder / EXPORT_FILE).get("format", TORCH),
            batches=BatchLimits(
                max_batch=asked["max_batch"],
                max_wait_seconds=asked["max_wait_ms"] / 1_000,
                max_queue=asked["max_queue"],
                timeout_seconds=asked["timeout"],
            ),
            requests=RequestLimits(
                max_bytes=asked["max_body_kb"] * 1_024, max_texts=asked["max_texts"], max_characters=asked["max_text"]
            ),
        )

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        reply = self._reply(environ)
        body = json.dumps(reply.payload, ensure_ascii=False, allow_nan=False).encode()
        headers = [("Content-Type", JSON), ("Content-Length", str(len(body))), *reply.headers]
        start_response(f"{reply.status.value} {reply.status.phrase}", headers)
        return [body]

    def _reply(self, environ: WSGIEnvironment) -> Reply:
        path, method = environ.get("PATH_INFO", ""), environ["REQUEST_METHOD"]
        if path not in METHODS:
            return _error(HTTPStatus.NOT_FOUND, f"There is no {path}. Ask {PREDICT} or {HEALTH}.")
        if method != METHODS[path]:
            allowed = METHODS[path]
            return _error(HTTPStatus.METHOD_NOT_ALLOWED, f"{path} takes {allowed} only.", ("Allow", allowed))
        return self._health() if path == HEALTH else self._predict(environ)

    def _health(self) -> Reply:
        about = {
            "status": "ok",
            "format": self._name,
            "task_type": self._predictor.task_type.name,
            "num_labels": len(self._predictor.label_map.labels),
            "num_waiting": self._batcher.num_waiting,
        }
        return Reply(status=HTTPStatus.OK, payload=about)

    def _predict(self, environ: WSGIEnvironment) -> Reply:
        # A page of another site can send a browser here, but not with this type.
        if environ.get("CONTENT_TYPE", "").partition(";")[0].strip().lower() != JSON:
            return _error(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"Send the body as Content-Type: {JSON}.")
        length = int(environ.get("CONTENT_LENGTH") or 0)
        if length > self._limits.max_bytes:
            most = f"{length:,} bytes were sent, {self._limits.max_bytes:,} is the maximum. Send fewer texts at once."
            return _error(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, most)
        try:
            task_type, body = self._predictor.task_type, environ["wsgi.input"].read(length)
            optional = task_type.optional_fields
            lines = read_request(body, fields=task_type.input_fields, limits=self._limits, optional=optional)
            answers = self._batcher.ask(lines)
        except TooManyTexts as problem:
            return _error(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, str(problem))
        except RequestInvalid as problem:
            return _error(HTTPStatus.BAD_REQUEST, str(problem))
        except QueueFull:
            return _unavailable("Too many texts wait. Ask again in a moment.")
        except TooLate:
            return _unavailable("No answer came in time. Ask again in a moment, or with fewer or shorter texts.")
        return Reply(status=HTTPStatus.OK, payload={"answers": [self._shown(answer) for answer in answers]})

    def _shown(self, answer: LineAnswer) -> dict[str, Any]:
        if answer.problem:
            return {"predicted": None, "error": answer.problem}
        predicted = None if answer.predicted is None else self._predictor.task_type.prediction_as_json(answer.predicted)
        return {"predicted": predicted, "probabilities": dict(answer.probabilities)}


def _unavailable(message: str) -> Reply:
    return _error(HTTPStatus.SERVICE_UNAVAILABLE, message, ("Retry-After", SECONDS_UNTIL_RETRY))


def _error(status: HTTPStatus, message: str, *headers: tuple[str, str]) -> Reply:
    return Reply(status=status, payload={"error": message}, headers=headers)
