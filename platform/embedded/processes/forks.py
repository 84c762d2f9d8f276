"""Forked worker processes, one for each job; one that exits is replaced."""

import os
import signal
import time
import traceback
from collections.abc import Callable, Sequence
from types import FrameType

from embedded.processes.children import die_with_parent

# The exit status of a process whose job could not start: a replacement would fail too.
NOT_STARTED = 3
SHORTEST_LIFE_SECONDS = 1.0
ROUND_SECONDS = 0.1
KILL_SECONDS = 5.0
# Returns the exit status of its process.
Job = Callable[[], int]


class CannotStart(Exception):
    """What a job needs is missing or broken."""


class Forks:
    """Keeps one process running for each job. The caller must have a single thread: it is forked."""

    def __init__(self, *, jobs: Sequence[Job], grace_seconds: float) -> None:
        self._jobs = jobs
        self._grace_seconds = grace_seconds
        self._running: dict[int, tuple[Job, float]] = {}
        self._is_stopping = False

    def run(self) -> int:
        """Run until a signal asks to stop, or a job cannot start. Returns: the exit status."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._note_stop)
        for job in self._jobs:
            self._start(job)
        status = 0
        while not self._is_stopping and status != NOT_STARTED:
            time.sleep(ROUND_SECONDS)
            status = self._replace_ended()
        self._stop()
        return NOT_STARTED if status == NOT_STARTED else 0

    def _note_stop(self, number: int, frame: FrameType | None) -> None:
        self._is_stopping = True

    def _start(self, job: Job) -> None:
        parent = os.getpid()
        pid = os.fork()
        if pid == 0:
            os._exit(_run_job(job, parent))
        self._running[pid] = job, time.monotonic()

    def _replace_ended(self) -> int:
        """Start another process for each that exited, unless one could not start. Returns: the last exit status."""
        status = 0
        ended = [(pid, ended_with, *self._running.pop(pid)) for pid, ended_with in self._reap()]
        if any(ended_with == NOT_STARTED for _, ended_with, _, _ in ended):
            return NOT_STARTED
        for pid, status, job, started_at in ended:
            if not self._is_stopping:
                print(f"process {pid} ended with status {status}; starting another", flush=True)
                time.sleep(max(0.0, started_at + SHORTEST_LIFE_SECONDS - time.monotonic()))
                self._start(job)
        return status

    def _reap(self) -> list[tuple[int, int]]:
        found = [os.waitpid(pid, os.WNOHANG) for pid in self._running]
        return [(pid, os.waitstatus_to_exitcode(raw)) for pid, raw in found if pid]

    def _stop(self) -> None:
        """SIGTERM, the grace period, then SIGKILL."""
        for number, seconds in ((signal.SIGTERM, self._grace_seconds), (signal.SIGKILL, KILL_SECONDS)):
            for pid in self._running:
                os.kill(pid, number)
            until = time.monotonic() + seconds
            while self._running and time.monotonic() < until:
                for pid, _ in self._reap():
                    del self._running[pid]
                time.sleep(ROUND_SECONDS)


def _run_job(job: Job, parent: int) -> int:
    """Do a job in this new process. Returns: its exit status."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_DFL)
    die_with_parent()
    if os.getppid() != parent:
        return 1
    try:
        return job()
    except CannotStart:
        traceback.print_exc()
        return NOT_STARTED
    except BaseException:  # noqa: BLE001 -- the end of the process: the traceback is logged, and the exit status tells
        traceback.print_exc()
        return 1
