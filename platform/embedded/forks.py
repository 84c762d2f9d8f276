"""Processes forked from one, each doing one job; one that ends is started again."""

import os
import signal
import time
import traceback
from collections.abc import Callable, Sequence
from types import FrameType

from embedded import children

# The status of a process whose job could not be begun: another would fare no better.
NOT_BEGUN = 3
SHORTEST_LIFE_SECONDS = 1.0
ROUND_SECONDS = 0.1
KILL_SECONDS = 5.0
# Returns the exit status of its process.
Job = Callable[[], int]


class CannotBegin(Exception):
    """A job found what it needs missing or broken."""


class Forks:
    """Keeps one process alive for each job. The caller has one thread, so that going on in a fork is safe."""

    def __init__(self, *, jobs: Sequence[Job], grace_seconds: float) -> None:
        self._jobs = jobs
        self._grace_seconds = grace_seconds
        self._running: dict[int, tuple[Job, float]] = {}
        self._is_told_to_stop = False

    def run(self) -> int:
        """Go on until a signal asks to stop, or a job cannot be begun. Returns the exit status."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._note_stop)
        for job in self._jobs:
            self._start(job)
        status = 0
        while not self._is_told_to_stop and status != NOT_BEGUN:
            time.sleep(ROUND_SECONDS)
            status = self._replace_ended()
        self._stop()
        return NOT_BEGUN if status == NOT_BEGUN else 0

    def _note_stop(self, number: int, frame: FrameType | None) -> None:
        self._is_told_to_stop = True

    def _start(self, job: Job) -> None:
        parent = os.getpid()
        pid = os.fork()
        if pid == 0:
            os._exit(_carry_out(job, parent))
        self._running[pid] = job, time.monotonic()

    def _replace_ended(self) -> int:
        """Start another process for each that ended. Returns the last one's status."""
        status = 0
        for pid, ended_with in self._collect():
            job, started_at = self._running.pop(pid)
            status = ended_with
            if status == NOT_BEGUN:
                break
            if not self._is_told_to_stop:
                print(f"process {pid} ended with status {status}; starting another", flush=True)
                time.sleep(max(0.0, started_at + SHORTEST_LIFE_SECONDS - time.monotonic()))
                self._start(job)
        return status

    def _collect(self) -> list[tuple[int, int]]:
        """List what ended, with its exit status."""
        found = [os.waitpid(pid, os.WNOHANG) for pid in self._running]
        return [(pid, os.waitstatus_to_exitcode(raw)) for pid, raw in found if pid]

    def _stop(self) -> None:
        """Ask, wait as long as the grace lasts, then kill."""
        for number, seconds in ((signal.SIGTERM, self._grace_seconds), (signal.SIGKILL, KILL_SECONDS)):
            for pid in self._running:
                os.kill(pid, number)
            until = time.monotonic() + seconds
            while self._running and time.monotonic() < until:
                for pid, _ in self._collect():
                    del self._running[pid]
                time.sleep(ROUND_SECONDS)


def _carry_out(job: Job, parent: int) -> int:
    """Do a job in this process, which is its own from here on. Returns the exit status."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_DFL)
    children.die_with_parent()
    if os.getppid() != parent:
        return 1
    try:
        return job()
    except CannotBegin:
        traceback.print_exc()
        return NOT_BEGUN
    except BaseException:  # noqa: BLE001 -- the end of the process: it is written down, and the status tells
        traceback.print_exc()
        return 1
