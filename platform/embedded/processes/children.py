"""Child processes that must not outlive us."""

import contextlib
import ctypes
import signal
import sys

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
# Nothing that a signal can end is left after so many.
MOST_KILLS = 5


def die_with_parent(number: int = signal.SIGKILL) -> None:
    """Have the kernel send us a signal when our parent dies. Linux only; elsewhere the pipe to the parent must do."""
    _prctl(PR_SET_PDEATHSIG, number)


def adopt_orphans() -> None:
    """Become the subreaper: the parent of every descendant that loses its own. Linux only."""
    _prctl(PR_SET_CHILD_SUBREAPER, 1)


def end_descendants(*, seconds: float) -> None:
    """End every descendant: SIGTERM, `seconds` to leave, then SIGKILL, also to those that one started meanwhile."""
    import psutil  # here: Label Studio's virtual environment, where the rest runs too, has none

    for number in (signal.SIGTERM, *[signal.SIGKILL] * MOST_KILLS):
        descendants = psutil.Process().children(recursive=True)
        if not descendants:
            return
        for process in descendants:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.send_signal(number)
        psutil.wait_procs(descendants, timeout=seconds)


def _prctl(option: int, value: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0)
