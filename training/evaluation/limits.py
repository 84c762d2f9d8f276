"""What ends a process that a person waits for: its parent's death, or more memory than it may use."""

import os
import threading
import time
from pathlib import Path

from training.contract import EXIT_DONE, EXIT_TOO_LARGE
from training.reporting import peak_memory_bytes
from training.runtime import SECONDS_BETWEEN_CHECKS, is_orphan


def watch_limits(most_memory_bytes: int) -> None:
    """Leave at once, from now on, with EXIT_TOO_LARGE or, without a parent, EXIT_DONE."""
    threading.Thread(target=_watch, args=(most_memory_bytes,), name="limits", daemon=True).start()


def leave_if_too_large(most_memory_bytes: int) -> None:
    """Leave with EXIT_TOO_LARGE if this process needs more memory than it may use."""
    if _memory_bytes() > most_memory_bytes:
        os._exit(EXIT_TOO_LARGE)


def _watch(most_memory_bytes: int) -> None:
    while True:
        if is_orphan():
            os._exit(EXIT_DONE)
        leave_if_too_large(most_memory_bytes)
        time.sleep(SECONDS_BETWEEN_CHECKS)


def _memory_bytes() -> int:
    try:
        return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return peak_memory_bytes()
