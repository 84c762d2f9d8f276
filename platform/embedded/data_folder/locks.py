"""File locks that the kernel releases with the process, however it ends.

Not filelock's: these are taken before any package is installed, can be shared, and pass on to a forked process.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class FileLock:
    """One open lock file; closing it, or dying, releases the lock."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def acquire(self, *, shared: bool = False, wait: bool = True) -> bool:
        """Take the lock, exclusive or shared. Returns: whether it is held now; without `wait` it may not be."""
        try:
            fcntl.flock(self._descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            return False
        return True

    def close(self) -> None:
        os.close(self._descriptor)


@contextmanager
def hold_lock(*, path: Path, shared: bool = False, waiting: str = "") -> Iterator[None]:
    """Hold a lock for a block of code; `waiting` is printed once when another process holds it."""
    lock = FileLock(path)
    try:
        if not lock.acquire(shared=shared, wait=False):
            if waiting:
                print(waiting, flush=True)
            lock.acquire(shared=shared)
        yield
    finally:
        lock.close()


def is_locked(*, path: Path) -> bool:
    """Whether any process holds the lock now, exclusive or shared."""
    lock = FileLock(path)
    try:
        return not lock.acquire(wait=False)
    finally:
        lock.close()
