import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from training.data import InputLine, LineAnswer
from training.serving.batching import UNANSWERABLE, Batcher, BatchLimits, QueueFull, TooLate


def line(text: str) -> InputLine:
    return InputLine(number=1, uid=text, texts={"text": text})


class Model:
    """Answers a text with itself, once it may; a text `bad` breaks whatever batch it is in."""

    def __init__(self) -> None:
        self.batches: list[list[str]] = []
        self.may_answer = threading.Event()
        self.may_answer.set()
        self.has_begun = threading.Event()

    def __call__(self, lines: Sequence[InputLine]) -> list[LineAnswer]:
        self.has_begun.set()
        assert self.may_answer.wait(10)
        self.batches.append([one.uid for one in lines])
        if "bad" in self.batches[-1]:
            raise RuntimeError("shapes cannot be multiplied")
        return [LineAnswer(uid=one.uid, predicted=one.uid, probabilities={}) for one in lines]


@pytest.fixture
def model() -> Model:
    return Model()


@pytest.fixture
def batcher(model: Model) -> Callable[..., Batcher]:
    def make(**changes: float) -> Batcher:
        limits = {"max_batch": 4, "max_wait_seconds": 0.0, "max_queue": 6, "timeout_seconds": 10.0, **changes}
        return Batcher(answer=model, limits=BatchLimits(**limits))  # type: ignore[arg-type]

    return make


def hold(model: Model, batcher: Batcher, pool: ThreadPoolExecutor) -> None:
    """Keep the model busy with one text, so that all others wait."""
    model.may_answer.clear()
    pool.submit(batcher.ask, [line("first")])
    assert model.has_begun.wait(10)


def test_what_waits_is_one_batch_and_each_gets_its_own_answer(model: Model, batcher: Callable[..., Batcher]) -> None:
    # With room for exactly these, the wait for others ends before its time.
    asked = batcher(max_batch=3, max_wait_seconds=60.0)
    with ThreadPoolExecutor() as pool:
        found = [pool.submit(asked.ask, [line(text)]) for text in "abc"]
        assert [one.result(timeout=10)[0].predicted for one in found] == ["a", "b", "c"]
    assert [sorted(batch) for batch in model.batches] == [["a", "b", "c"]]


def test_no_batch_is_larger_than_it_may_be(model: Model, batcher: Callable[..., Batcher]) -> None:
    batcher(max_batch=2).ask([line(text) for text in "abcde"])
    assert [text for batch in model.batches for text in batch] == list("abcde")
    assert max(map(len, model.batches)) == 2


def test_a_full_queue_refuses_a_request_as_a_whole(model: Model, batcher: Callable[..., Batcher]) -> None:
    asked = batcher(max_queue=2)
    with ThreadPoolExecutor() as pool:
        hold(model, asked, pool)
        with pytest.raises(QueueFull):
            asked.ask([line("a"), line("b"), line("c")])
        assert asked.num_waiting == 0
        model.may_answer.set()
    assert model.batches == [["first"]]


def test_a_bad_text_harms_itself_alone(batcher: Callable[..., Batcher]) -> None:
    answers = batcher().ask([line("a"), line("bad"), line("c")])
    assert [answer.predicted for answer in answers] == ["a", None, "c"]
    assert [answer.problem for answer in answers] == ["", UNANSWERABLE, ""]


def test_nobody_waits_longer_than_a_request_may_take(model: Model, batcher: Callable[..., Batcher]) -> None:
    asked = batcher(timeout_seconds=0.0)
    model.may_answer.clear()
    with pytest.raises(TooLate):
        asked.ask([line("a")])
    model.may_answer.set()
