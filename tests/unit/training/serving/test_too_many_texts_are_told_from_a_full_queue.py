import json
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from types import SimpleNamespace
from typing import Any, cast

import pytest

from training.data import InputLine, LineAnswer
from training.evaluation import Predictor
from training.serving.application import ServedModel
from training.serving.batching import BatchLimits
from training.serving.requests import RequestLimits

MAX_QUEUE = 2


class Busy:
    """A model of single texts that answers nothing until it may."""

    task_type = SimpleNamespace(name="text_classification", input_fields=("text",), optional_fields=())
    label_map = SimpleNamespace(labels=())

    def __init__(self) -> None:
        self.may_answer, self.has_begun = threading.Event(), threading.Event()

    def answers(self, lines: Sequence[InputLine]) -> list[LineAnswer]:
        self.has_begun.set()
        assert self.may_answer.wait(10)
        return [LineAnswer(uid=one.uid, predicted=None, probabilities={}) for one in lines]


@pytest.fixture
def model() -> Iterator[Busy]:
    made = Busy()
    yield made
    made.may_answer.set()


@pytest.fixture
def served(model: Busy) -> ServedModel:
    batches = BatchLimits(max_batch=1, max_wait_seconds=0.0, max_queue=MAX_QUEUE, timeout_seconds=10.0)
    requests = RequestLimits(max_bytes=1_000, max_texts=64, max_characters=10)
    return ServedModel(predictor=cast(Predictor, model), name="torch", batches=batches, requests=requests)


def post(served: ServedModel, num_texts: int) -> tuple[str, dict[str, str], dict[str, Any]]:
    body = json.dumps({"texts": ["a"] * num_texts}).encode()
    environ = {"REQUEST_METHOD": "POST", "PATH_INFO": "/predict", "CONTENT_TYPE": "application/json"}
    environ |= {"CONTENT_LENGTH": str(len(body)), "wsgi.input": BytesIO(body)}  # type: ignore[dict-item]
    begun: list[tuple[str, dict[str, str]]] = []
    (reply,) = served(environ, lambda status, headers, *_: begun.append((status, dict(headers))))  # type: ignore[arg-type]
    return *begun[0], json.loads(reply)


def _num_waiting(served: ServedModel) -> int:
    (health,) = served({"REQUEST_METHOD": "GET", "PATH_INFO": "/health"}, lambda *_: None)  # type: ignore[arg-type]
    return int(json.loads(health)["num_waiting"])


def test_more_texts_than_the_queue_ever_holds_are_too_many(served: ServedModel) -> None:
    status, headers, reply = post(served, MAX_QUEUE + 1)
    assert status.startswith("413 ")
    assert "Retry-After" not in headers
    assert reply == {"error": "There are 3 texts, 2 is the maximum. Send fewer."}


def test_a_queue_that_is_full_now_is_asked_again(served: ServedModel, model: Busy) -> None:
    with ThreadPoolExecutor() as pool:
        answered = pool.submit(post, served, 1)
        assert model.has_begun.wait(10)
        waiting = pool.submit(post, served, 1)
        while _num_waiting(served) == 0:
            time.sleep(0.01)
        status, headers, _ = post(served, MAX_QUEUE)
        model.may_answer.set()
        assert (status[:3], headers["Retry-After"]) == ("503", "1")
        assert [one.result(timeout=10)[0] for one in (answered, waiting)] == ["200 OK"] * 2
