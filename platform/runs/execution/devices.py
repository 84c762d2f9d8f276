"""One run at a time on each accelerator of a host: a file lock, free once worker and trainer are both gone."""

import fcntl
import os
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from runs.execution.leases import this_host

CPU = "cpu"
SECONDS_BETWEEN_TRIES = 0.5
_VISIBLE = "CUDA_VISIBLE_DEVICES"


@dataclass(frozen=True, kw_only=True)
class Device:
    """What a run computes on: the lock for its trainer to inherit, and the environment that hides other devices."""

    lock: int | None = None
    environment: tuple[tuple[str, str], ...] = ()


@contextmanager
def hold_device(*, kind: str, is_leaving: Callable[[], bool]) -> Iterator[Device | None]:
    """Hold a device of a kind, waiting for the first that is free; None when the worker is to leave first."""
    # Processors need no lock: as many workers share them as were started.
    if kind == CPU:
        yield Device()
        return
    found = _first_free(is_leaving)
    try:
        yield found
    finally:
        if found is not None and found.lock is not None:
            os.close(found.lock)


def accelerators() -> list[str]:
    """The accelerators that this process may use, by the names that CUDA has for them."""
    named = os.environ.get(_VISIBLE)
    if named is not None:
        # Where none is shown the trainer is to say so, rather than wait for one forever.
        return [name.strip() for name in named.split(",") if name.strip()] or [""]
    nodes = (re.fullmatch(r"nvidia(\d+)", path.name) for path in Path("/dev").glob("nvidia*"))
    return sorted((node[1] for node in nodes if node), key=int) or ["0"]


def _first_free(is_leaving: Callable[[], bool]) -> Device | None:
    while not is_leaving():
        for name in accelerators():
            lock = _lock(name)
            if lock is not None:
                return Device(lock=lock, environment=((_VISIBLE, name),))
        time.sleep(SECONDS_BETWEEN_TRIES)
    return None


def _lock(name: str) -> int | None:
    folder = Path(settings.RUNS_DIR).parent / "devices"
    folder.mkdir(parents=True, exist_ok=True)
    safe = re.sub(r"[^\w.-]", "_", f"{this_host()}-{name}")
    lock = os.open(folder / f"{safe}.lock", os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        return None
    return lock
