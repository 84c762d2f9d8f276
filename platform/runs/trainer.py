"""The trainer's process: started with a scrubbed environment in a session of its own, stopped by signals."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from django.conf import settings

from runs.leases import this_host
from runs.models import Attempt

SPEC_FILE = "spec.json"
LOG_FILE = "log.txt"
SECONDS_TO_DIE = 5.0
_KEPT = {
    *("PATH", "HOME", "USER", "LOGNAME", "LANG", "LANGUAGE", "TZ", "TMPDIR", "LD_LIBRARY_PATH"),
    *("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy"),
    *("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"),
}
_KEPT_PREFIXES = ("LC_", "HF_", "TRANSFORMERS_", "CUDA_", "NVIDIA_")
_THREAD_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")


class Trainer:
    """A running trainer."""

    def __init__(self, *, folder: Path) -> None:
        with (folder / LOG_FILE).open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "training", str(folder / SPEC_FILE)],
                cwd=folder,
                env=trainer_environment(source=os.environ),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._started = time.monotonic()
        self._ended: float | None = None

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def seconds(self) -> float:
        """How long it has held the device, or held it."""
        return (self._ended or time.monotonic()) - self._started

    def wait(self, seconds: float) -> int | None:
        """Wait for its end at most so long; return the exit code (negative: a signal's number), None while it runs."""
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
        """Kill it and all that it started."""
        _kill_group(self.pid)
        self.wait(SECONDS_TO_DIE)


def trainer_environment(*, source: Mapping[str, str]) -> dict[str, str]:
    """The environment of a trainer: no secret, no database, no Django."""
    kept = {k: v for k, v in source.items() if k in _KEPT or k.startswith(_KEPT_PREFIXES)}
    threads = {name: str(settings.RUN_THREADS) for name in _THREAD_VARIABLES}
    return {
        **kept,
        **threads,
        # A thread that spins while it waits halves the speed as soon as anything else wants its core.
        "OMP_WAIT_POLICY": "PASSIVE",
        "PYTHONPATH": str(settings.ROOT),
        "PYTHONUNBUFFERED": "1",
        "PYTHONUTF8": "1",
        "TOKENIZERS_PARALLELISM": "false",
        "FULCRUM_PARENT_PID": str(os.getpid()),
        "FULCRUM_MODEL_CACHE": str(settings.MODEL_CACHE),
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
    """Kill an attempt's trainer that outlived its worker, if it is on this host; say whether there was one.

    The start time tells it from a later process with its pid. On other hosts it leaves by itself: it watches for its
    parent's death.
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
    started = process_started_at(attempt.pid)
    return started is not None and started == attempt.process_started_at


def _kill_group(pid: int) -> None:
    try:
        os.killpg(pid, signal.SIGKILL)
    except ProcessLookupError:
        return
