"""File locks that the kernel releases with the process, however it ends."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class FileLock:
    """One open lock file; closing it, or dying, gives the lock back."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def try_exclusive(self) -> bool:
        return self._try(fcntl.LOCK_EX)

    def try_shared(self) -> bool:
        return self._try(fcntl.LOCK_SH)

    def exclusive(self) -> None:
        fcntl.flock(self._descriptor, fcntl.LOCK_EX)

    def shared(self) -> None:
        fcntl.flock(self._descriptor, fcntl.LOCK_SH)

    def close(self) -> None:
        os.close(self._descriptor)

    def _try(self, kind: int) -> bool:
        try:
            fcntl.flock(self._descriptor, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


@contextmanager
def exclusive(*, path: Path, waiting: str = "") -> Iterator[None]:
    """Hold the lock alone; `waiting` is said once when another holds it."""
    lock = FileLock(path)
    try:
        if not lock.try_exclusive():
            if waiting:
                print(waiting, flush=True)
            lock.exclusive()
        yield
    finally:
        lock.close()


@contextmanager
def shared(*, path: Path) -> Iterator[None]:
    lock = FileLock(path)
    try:
        lock.shared()
        yield
    finally:
        lock.close()


def is_held(*, path: Path) -> bool:
    """Whether anybody, in whatever mode, holds the lock now."""
    lock = FileLock(path)
    try:
        return not lock.try_exclusive()
    finally:
        lock.close()
