"""The trainer's process: started with a scrubbed environment in a session of its own, stopped by signals."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

from django.conf import settings

from runs.execution.devices import Device
from runs.execution.leases import this_host
from runs.models import Attempt
from training.contract import (
    CACHE_VARIABLE,
    PARENT_VARIABLE,
    RUN_CACHE_MB_VARIABLE,
    RUN_CACHE_VARIABLE,
    SPEC_FILE,
    WAIT,
)

LOG_FILE = "log.txt"
# Beside the folders of the runs.
RUN_CACHE = "run-cache"
SECONDS_TO_DIE = 5.0
_KEPT = {
    *("PATH", "HOME", "USER", "LOGNAME", "LANG", "LANGUAGE", "TZ", "TMPDIR", "LD_LIBRARY_PATH"),
    *("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy"),
    *("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"),
}
_KEPT_PREFIXES = ("LC_", "HF_", "TRANSFORMERS_", "CUDA_", "NVIDIA_")
_Ready = tuple["subprocess.Popen[bytes]", socket.socket]
# At most one: a worker process carries out one run at a time.
_ready: list[_Ready] = []
_THREAD_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS")


class Trainer:
    """A running trainer: the one that waits with its imports done, or else a fresh one."""

    def __init__(self, *, folder: Path, device: Device = Device()) -> None:  # noqa: B008 -- it is frozen
        self._process = _told(folder, device) or _spawned(folder, device)
        self._started = time.monotonic()
        self._ended: float | None = None

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def seconds(self) -> float:
        return (self._ended or time.monotonic()) - self._started

    def wait(self, seconds: float) -> int | None:
        """Wait for its end at most so long; return its exit code (negative: a signal), None while it runs."""
        try:
            code = self._process.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            return None
        self._ended = self._ended or time.monotonic()
        return code

    def ask_to_stop(self) -> None:
        """Ask it to save a checkpoint and leave."""
        self._process.terminate()

    def kill(self) -> None:
        _kill_group(self.pid)
        self.wait(SECONDS_TO_DIE)


def keep_one_ready() -> None:
    """Have a trainer with its imports done wait for this process's next run; it ends with this process."""
    if not settings.READY_TRAINER or _ready_one() is not None:
        return
    ours, its = socket.socketpair()
    with its:
        _ready.append((_spawn([WAIT], stdin=its.fileno(), stdout=subprocess.DEVNULL), ours))


def _ready_one() -> _Ready | None:
    while _ready and _ready[0][0].poll() is not None:
        _ready.pop()[1].close()
    return _ready[0] if _ready else None


def _told(folder: Path, device: Device) -> "subprocess.Popen[bytes] | None":
    """The waiting trainer, told to carry out a run; None where there is none, or it died."""
    found = _ready_one()
    if found is None:
        return None
    _ready.clear()
    process, ours = found
    paths = {"spec": str(folder / SPEC_FILE), "log": str(folder / LOG_FILE)}
    order = {**paths, "environment": dict(device.environment)}
    with ours:
        try:
            socket.send_fds(ours, [json.dumps(order).encode()], [] if device.lock is None else [device.lock])
        except OSError:
            return None
    return process


def _spawned(folder: Path, device: Device) -> "subprocess.Popen[bytes]":
    with (folder / LOG_FILE).open("ab") as log:
        return _spawn([str(folder / SPEC_FILE)], stdin=subprocess.DEVNULL, stdout=log, cwd=folder, device=device)


def _spawn(
    arguments: Sequence[str],
    *,
    stdin: int,
    stdout: int | IO[bytes],
    cwd: Path | None = None,
    device: Device = Device(),  # noqa: B008 -- it is frozen
) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [sys.executable, "-m", "training", *arguments],
        cwd=cwd,
        env={**trainer_environment(source=os.environ), **dict(device.environment)},
        stdin=stdin,
        stdout=stdout,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        pass_fds=[] if device.lock is None else [device.lock],
    )


def trainer_environment(*, source: Mapping[str, str]) -> dict[str, str]:
    """The environment of a trainer: no secret, no database, no Django."""
    kept = {k: v for k, v in source.items() if k in _KEPT or k.startswith(_KEPT_PREFIXES)}
    threads = {name: str(settings.RUN_THREADS) for name in _THREAD_VARIABLES}
    return {
        **kept,
        **threads,
        # A thread that spins while it waits halves the speed as soon as anything else wants its core.
        "OMP_WAIT_POLICY": "PASSIVE",
        # The matrices of numpy and scipy are small; theirs spin, too, and make a head's fit forty times slower.
        "OPENBLAS_NUM_THREADS": "1",
        "PYTHONPATH": str(settings.ROOT),
        "PYTHONUNBUFFERED": "1",
        "PYTHONUTF8": "1",
        "TOKENIZERS_PARALLELISM": "false",
        PARENT_VARIABLE: str(os.getpid()),
        CACHE_VARIABLE: str(settings.MODEL_CACHE),
        RUN_CACHE_VARIABLE: str(Path(settings.RUNS_DIR).parent / RUN_CACHE),
        RUN_CACHE_MB_VARIABLE: str(settings.RUN_CACHE_MB),
    }


def process_started_at(pid: int) -> float | None:
    """When a process started, in clock ticks since boot; None where it is gone or the system has no /proc."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    fields = stat.rpartition(")")[2].split()
    return None if fields[0] == "Z" else float(fields[19])


def kill_orphan(*, attempt: Attempt) -> bool:
    """Kill an attempt's trainer that outlived its worker on this host; say whether there was one.

    On other hosts it leaves by itself: it watches for its parent's death.
    """
    if attempt.pid is None or attempt.worker != this_host() or not _is_alive(attempt):
        return False
    _kill_group(attempt.pid)
    deadline = time.monotonic() + SECONDS_TO_DIE
    while _is_alive(attempt) and time.monotonic() < deadline:
        time.sleep(0.05)
    return True


def _is_alive(attempt: Attempt) -> bool:
    assert attempt.pid is not None
    # The start time tells it from a later process with its pid.
    started = process_started_at(attempt.pid)
    return started is not None and started == attempt.process_started_at


def _kill_group(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)
