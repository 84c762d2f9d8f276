"""Which trainers really ran, for how long, as the system knows it: what bills are held against."""

import os
import threading
import time
from dataclasses import dataclass, replace
from pathlib import Path

import psutil

from runs.execution import process_started_at

# A trainer, and one forked off a process whose imports are done.
TRAINER_MODULES = (b"\0training\0", b"\0tests.running.forks\0")
SECONDS_BETWEEN_LOOKS = 0.1


@dataclass(frozen=True, kw_only=True)
class Life:
    """When a trainer was started, was first seen in its run's folder, and last; in seconds since the epoch.

    It holds its device for longer than it is seen, since one that waits does its imports before it goes to the folder,
    and told of a run meanwhile does them for that run; and for no longer than it lives.
    """

    pid: int
    born: float
    seen: float
    ended: float


class HeldDevices:
    """Looks at the processes of this machine; knows of each trainer of a run below a folder when it held the device."""

    def __init__(self, *, runs_dir: Path) -> None:
        self._runs_dir = runs_dir.resolve()
        self._lives: dict[tuple[int, int], Life] = {}

    def watch(self, done: threading.Event) -> None:
        """Look until it is done."""
        while not done.wait(SECONDS_BETWEEN_LOOKS):
            for pid in psutil.pids():
                self._look_at(pid)

    def _look_at(self, pid: int) -> None:
        run_id = self._run_of(pid)
        born = _born(pid)
        if run_id is not None and born is not None:
            now = time.time()
            known = self._lives.get((run_id, pid), Life(pid=pid, born=born, seen=now, ended=now))
            self._lives[run_id, pid] = replace(known, ended=now)

    def _run_of(self, pid: int) -> int | None:
        """The run in whose folder a process trains; a zombie holds nothing, and has no folder any more.

        A trainer leads a session; what it forks, to ask the system something, looks like it for a moment and does not.
        """
        try:
            command = Path(f"/proc/{pid}/cmdline").read_bytes()
            is_trainer = any(module in command for module in TRAINER_MODULES) and os.getsid(pid) == pid
            folder = Path(os.readlink(f"/proc/{pid}/cwd")) if is_trainer else Path()
        except OSError:
            return None
        return int(folder.name) if folder.parent == self._runs_dir else None

    def trainer_of(self, folder: Path) -> int | None:
        """The process that trains in a run's folder just now."""
        return next((pid for pid in psutil.pids() if self._run_of(pid) == int(folder.name)), None)

    def is_below(self, pid: int, ancestor: int) -> bool:
        """Whether a process was started by another, or by one that it started."""
        try:
            return any(parent.pid == ancestor for parent in psutil.Process(pid).parents())
        except psutil.NoSuchProcess:
            return False

    def lives_of(self, run_id: int) -> list[Life]:
        """Each trainer that a run had, in order."""
        found = [life for (run, _), life in self._lives.items() if run == run_id]
        return sorted(found, key=lambda life: life.seen)


def _born(pid: int) -> float | None:
    ticks = process_started_at(pid)
    if ticks is None:
        return None
    return time.time() - time.clock_gettime(time.CLOCK_BOOTTIME) + ticks / os.sysconf("SC_CLK_TCK")
