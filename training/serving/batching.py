"""Texts of several requests answered together: whoever asks waits, at most so long and behind at most so many."""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from dataclasses import dataclass

from training.data import InputLine, LineAnswer

Answer = Callable[[Sequence[InputLine]], list[LineAnswer]]
UNANSWERABLE = "cannot be answered by the model"
_log = logging.getLogger(__name__)


class QueueFull(Exception):
    """More texts wait than may wait."""


class TooLate(Exception):
    """No answer came within the time that a request may take."""


@dataclass(frozen=True, kw_only=True)
class BatchLimits:
    """How many texts are answered together, how long the first of them waits for others, and how many may wait."""

    max_batch: int
    max_wait_seconds: float
    max_queue: int
    timeout_seconds: float


class Batcher:
    """Answers texts in one thread, in the order in which they came."""

    def __init__(self, *, answer: Answer, limits: BatchLimits) -> None:
        self._answer = answer
        self._limits = limits
        self._waiting: deque[tuple[InputLine, Future[LineAnswer]]] = deque()
        self._changed = threading.Condition()
        threading.Thread(target=self._run, name="batches", daemon=True).start()

    @property
    def num_waiting(self) -> int:
        return len(self._waiting)

    def ask(self, lines: Sequence[InputLine]) -> list[LineAnswer]:
        """Return the answers to some texts. Raises: QueueFull, at once, and none of them is answered; TooLate."""
        asked = [(line, Future[LineAnswer]()) for line in lines]
        with self._changed:
            if len(self._waiting) + len(asked) > self._limits.max_queue:
                raise QueueFull
            self._waiting.extend(asked)
            self._changed.notify()
        deadline = time.monotonic() + self._limits.timeout_seconds
        try:
            return [future.result(timeout=max(0.0, deadline - time.monotonic())) for _, future in asked]
        except FutureTimeout:
            # Nobody waits for those that no batch has taken yet.
            for _, future in asked:
                future.cancel()
            raise TooLate from None

    def _run(self) -> None:
        while True:
            batch = self._next_batch()
            if batch:
                for (_, future), answer in zip(batch, self._answers([line for line, _ in batch]), strict=True):
                    future.set_result(answer)

    def _next_batch(self) -> list[tuple[InputLine, Future[LineAnswer]]]:
        """Wait for a text, and then for as many others as fit, or until its time is over."""
        with self._changed:
            self._changed.wait_for(lambda: bool(self._waiting))
            self._changed.wait_for(
                lambda: len(self._waiting) >= self._limits.max_batch, timeout=self._limits.max_wait_seconds
            )
            count = min(len(self._waiting), self._limits.max_batch)
            taken = [self._waiting.popleft() for _ in range(count)]
        return [(line, future) for line, future in taken if future.set_running_or_notify_cancel()]

    def _answers(self, lines: Sequence[InputLine]) -> list[LineAnswer]:
        """Answer a batch; where that fails each text by itself, so that one of them harms no other."""
        try:
            return self._answer(lines)
        except Exception:  # noqa: BLE001 -- logged; the one thread that answers must not end
            _log.exception("a batch of %s texts could not be answered", len(lines))
            if len(lines) == 1:
                return [LineAnswer(uid=lines[0].uid, predicted=None, probabilities={}, problem=UNANSWERABLE)]
        return [answer for line in lines for answer in self._answers([line])]
