"""Leaving on request: on SIGTERM, or when the process that started this one has died."""

import os
import signal
import threading
import time
from types import FrameType

from training.contract import EXIT_STOPPED, PARENT_VARIABLE

SECONDS_TO_LEAVE = 4.5
SECONDS_BETWEEN_CHECKS = 0.25


class StopRequested(Exception):
    """The run was asked to stop; what it has is saved and it leaves."""


class StopFlag:
    """Set once, checked between steps."""

    def __init__(self) -> None:
        self._requested = threading.Event()
        self._requested_at = 0.0

    def request(self) -> None:
        if not self._requested.is_set():
            self._requested_at = time.monotonic()
            self._requested.set()

    def raise_if_requested(self) -> None:
        """Raise StopRequested if someone asked; call it wherever the state is whole."""
        if self._requested.is_set():
            raise StopRequested("stopped on request")

    def is_requested(self) -> bool:
        return self._requested.is_set()

    def is_overdue(self) -> bool:
        """Say whether the run was asked so long ago that it must leave without saving."""
        return self._requested.is_set() and time.monotonic() - self._requested_at > SECONDS_TO_LEAVE

    def install(self) -> None:
        """Let SIGTERM set the flag; watch the parent process and the deadline in a thread."""
        signal.signal(signal.SIGTERM, self._on_signal)
        threading.Thread(target=self._watch, name="stop-watch", daemon=True).start()

    def _on_signal(self, signum: int, frame: FrameType | None) -> None:
        self.request()

    def _watch(self) -> None:
        while True:
            time.sleep(SECONDS_BETWEEN_CHECKS)
            if is_orphan():
                self.request()
            if self.is_overdue():
                # Every file is written beside and renamed, so leaving here costs work but corrupts nothing.
                os._exit(EXIT_STOPPED)


def is_orphan() -> bool:
    """Say whether the process that started this one is gone."""
    parent = os.environ.get(PARENT_VARIABLE)
    return bool(parent) and str(os.getppid()) != parent
