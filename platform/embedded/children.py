"""Processes that must not outlive us."""

import ctypes
import signal
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import psutil

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36


def die_with_parent(number: int = signal.SIGKILL) -> None:
    """Ask the kernel for a signal when our parent dies. Linux only: elsewhere the pipe to the parent must do."""
    _prctl(PR_SET_PDEATHSIG, number)


def adopt_orphans() -> None:
    """Become the parent of every process below us that loses its own, so that none escapes."""
    _prctl(PR_SET_CHILD_SUBREAPER, 1)


def end_all_below(*, seconds: float) -> None:
    """End every process below this one: ask, wait for `seconds`, then kill."""
    import psutil  # here, because Label Studio's virtual environment, which the rest serves too, has none

    for number in (signal.SIGTERM, signal.SIGKILL):
        below = psutil.Process().children(recursive=True)
        for process in below:
            _signal(process, number)
        psutil.wait_procs(below, timeout=seconds)


def _signal(process: "psutil.Process", number: int) -> None:
    import psutil

    try:
        process.send_signal(number)
    except psutil.NoSuchProcess:
        return


def _prctl(option: int, value: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0)
