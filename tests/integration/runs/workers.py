"""Real Celery workers, which tests may stop and kill."""

import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from tests import beside
from tests.commands import ROOT
from tests.integration.runs.world import LEASE_SECONDS


class Worker:
    """A real Celery worker in a process group of its own."""

    def __init__(self, *, runs_dir: Path, broker_url: str, log: Path, **environment: str) -> None:
        known = {
            "DJANGO_SETTINGS_MODULE": "tests.integration.runs.worker_settings",
            "FULCRUM_DATA_DIR": str(runs_dir.parent),
            "FULCRUM_TEST_LEASE_SECONDS": str(LEASE_SECONDS),
            "BROKER_URL": broker_url,
        }
        self._environment = beside.environment(**{**known, **environment})
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> "Worker":
        command = [sys.executable, "-m", "celery", "-A", "config", "worker", "-Q", "runs", "-c", "1", "-l", "INFO"]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                command, cwd=ROOT, env=self._environment, stdout=log, stderr=log, start_new_session=True
            )
        return self

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def kill(self) -> int:
        """As the kernel would when memory is out: the worker is gone at once, its pool with it. Returns its end."""
        self._signal(signal.SIGKILL)
        assert self._process is not None
        return self._process.wait()

    def stop(self, *, seconds: float = 20) -> int:
        """Ask the worker to shut down; return its exit code."""
        self._signal(signal.SIGTERM)
        assert self._process is not None
        return self._process.wait(timeout=seconds)

    def _signal(self, number: int) -> None:
        assert self._process is not None
        self._process.send_signal(number)

    def end(self) -> None:
        if self._process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
