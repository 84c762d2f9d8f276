"""One model kept loaded for whoever tries it next: at most one on a server, for a while, within a memory limit.

Its process exits when it is unused for a while, when it needs too much memory, and when its standard input closes.
"""

import fcntl
import json
import os
import selectors
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

from django.conf import settings

from runs.execution import trainer_environment

LOCK_FILE = ".warm-model.lock"
SECONDS_TO_LEAVE = 2.0
_MEGABYTE = 2**20
_PIECE = 1 << 16


class PredictionProcessFailed(Exception):
    """The process ended, or ran out of time, without an answer; `code` is its exit code, None out of time."""

    def __init__(self, code: int | None, words: str = "") -> None:
        super().__init__(words)
        self.code = code


class WarmModel:
    """A process that has loaded a model, or is about to. Not safe for two threads at once: callers hold a lock."""

    def __init__(self, folder: Path) -> None:
        self.key = _key(folder)
        self._owner = os.getpid()
        self._complaints = TemporaryFile()  # noqa: SIM115 -- it lives as long as the process
        lock = _lock()
        idle = settings.TRY_KEEP_SECONDS if lock is not None else 0
        # Without the lock, or where none is to be kept, its input is closed after one answer.
        self.is_kept = idle > 0
        limits = [str(idle or settings.TRY_SECONDS), str(settings.TRY_MEMORY_MB * _MEGABYTE)]
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "training", "answer", str(folder), *limits],
                env=trainer_environment(source=os.environ),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._complaints,
                bufsize=0,
                # Held until the process ends, whoever started it.
                pass_fds=[lock] if lock is not None else [],
            )
        finally:
            if lock is not None:
                os.close(lock)
        # Its exit must be collected, or it stays in the process table.
        threading.Thread(target=self._process.wait, name="warm-model", daemon=True).start()

    def can_answer(self, folder: Path) -> bool:
        """Say whether it lives, is ours and has loaded what lies in a folder now."""
        return self._owner == os.getpid() and self._process.poll() is None and self.key == _key(folder)

    def ask(self, texts: Mapping[str, str], *, limit_seconds: float) -> dict[str, Any]:
        """Ask for the answer to one example. Raises: PredictionProcessFailed, and then it is of no further use."""
        deadline = time.monotonic() + limit_seconds
        self._send(json.dumps(texts).encode() + b"\n", deadline)
        return dict(json.loads(self._line(deadline)))

    def close(self) -> None:
        if self._owner == os.getpid():
            # A process that was forked from the one that started it may only forget it.
            for pipe in filter(None, (self._process.stdin, self._process.stdout)):
                # What was still to be written has no reader.
                with suppress(OSError):
                    pipe.close()
            try:
                self._process.wait(timeout=SECONDS_TO_LEAVE if self._process.poll() is None else 0)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self._complaints.close()

    def _send(self, line: bytes, deadline: float) -> None:
        assert self._process.stdin is not None
        handle = self._process.stdin.fileno()
        # A text may be longer than what a pipe takes before the model is loaded.
        os.set_blocking(handle, False)
        while line:
            self._wait_for(handle, selectors.EVENT_WRITE, deadline)
            try:
                line = line[os.write(handle, line) :]
            except BrokenPipeError:
                raise self._gone() from None

    def _line(self, deadline: float) -> bytes:
        assert self._process.stdout is not None
        handle, line = self._process.stdout.fileno(), b""
        while not line.endswith(b"\n"):
            self._wait_for(handle, selectors.EVENT_READ, deadline)
            piece = os.read(handle, _PIECE)
            if not piece:
                raise self._gone()
            line += piece
        return line

    def _wait_for(self, handle: int, event: int, deadline: float) -> None:
        left = deadline - time.monotonic()
        with selectors.DefaultSelector() as selector:
            selector.register(handle, event)
            if left <= 0 or not selector.select(left):
                self._process.kill()
                raise PredictionProcessFailed(None)

    def _gone(self) -> PredictionProcessFailed:
        code = self._process.wait()
        self._complaints.seek(0)
        return PredictionProcessFailed(code, self._complaints.read().decode("utf-8", errors="replace").strip())


def _key(folder: Path) -> tuple[str, int]:
    """Changes as soon as anything in the folder is added, replaced or removed."""
    return str(folder), folder.stat().st_mtime_ns


def _lock() -> int | None:
    """The server's one place for a model that is kept; None where another process has it, or none is to be kept."""
    if not settings.TRY_KEEP_SECONDS:
        return None
    handle = os.open(Path(settings.RUNS_DIR) / LOCK_FILE, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        return None
    return handle


_kept: list[WarmModel] = []


def predict_one(*, folder: Path, texts: Mapping[str, str], limit_seconds: float) -> tuple[dict[str, Any], bool]:
    """Let the model of a folder answer one example, with the server's lock for trying held.

    Returns: its answer, and whether it was loaded already. Raises: PredictionProcessFailed.
    """
    if _kept and not _kept[0].can_answer(folder):
        forget()
    was_loaded = bool(_kept)
    if not was_loaded:
        _kept.append(WarmModel(folder))
    model = _kept[0]
    try:
        answer = model.ask(texts, limit_seconds=limit_seconds)
    except BaseException:
        # Whatever it was: the next one to ask would be given what is left of this answer.
        forget()
        raise
    if not model.is_kept:
        forget()
    return answer, was_loaded


def forget() -> None:
    while _kept:
        _kept.pop().close()
