"""Starts services in order, restarts those that crash, and stops all that it started."""

import contextlib
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import psutil

from embedded import EmbeddedError
from embedded.data_folder import open_log

LONGEST_PAUSE = 30.0
HEALTHY_AFTER = 60.0
LINES_SHOWN = 12
# The guardian finds its package without PYTHONPATH, which is the service's own.
GUARDIAN = (
    f"import sys; sys.path.append({str(Path(__file__).resolve().parents[2])!r}); "
    "import embedded.processes.guardian as guardian; sys.exit(guardian.main())"
)


class ServiceNotReady(EmbeddedError):
    """A service exited, or was not ready in time."""


@dataclass(frozen=True, kw_only=True)
class Service:
    """One process: how to start it, how to tell that it is ready, how to stop it."""

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str]
    folder: Path
    log: Path
    is_ready: Callable[[], bool] = lambda: True
    ready_seconds: float = 120.0
    stop_signal: str = "SIGTERM"
    grace_seconds: float = 10.0
    url: str = ""
    # A listening socket that the service inherits; its command names the number.
    listener: socket.socket | None = None


class Process:
    """A running service behind its guardian."""

    def __init__(self, *, service: Service) -> None:
        self.service = service
        self.started_at = time.monotonic()
        guardian = [sys.executable, "-c", GUARDIAN, "--stop", service.stop_signal]
        inherited = () if service.listener is None else (service.listener.fileno(),)
        options = [f"--grace={service.grace_seconds}", *(f"--fd={number}" for number in inherited)]
        with open_log(service.log) as log:
            self._popen = subprocess.Popen(
                [*guardian, *options, "--", *service.command],
                cwd=service.folder,
                env=dict(service.environment),
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                start_new_session=True,
                pass_fds=inherited,
                umask=0o077,
            )

    @property
    def pid(self) -> int:
        return self._popen.pid

    @property
    def status(self) -> int | None:
        return self._popen.poll()

    def wait_until_ready(self) -> None:
        until = time.monotonic() + self.service.ready_seconds
        while not self.service.is_ready():
            if self.status is not None:
                raise ServiceNotReady(self._explain(f"ended with status {self.status}"))
            if time.monotonic() > until:
                raise ServiceNotReady(self._explain(f"gave no answer in {self.service.ready_seconds:.0f} s"))
            time.sleep(0.1)

    def ask_to_stop(self) -> None:
        if self.status is None:
            self._popen.terminate()

    def wait(self) -> None:
        self._popen.wait()
        if self._popen.stdin is not None:
            self._popen.stdin.close()

    def stop(self) -> None:
        self.ask_to_stop()
        self.wait()

    def kill(self) -> None:
        """Kill the service and all its descendants, as a crash would."""
        for process in psutil.Process(self.pid).children(recursive=True):
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        self.wait()

    def _explain(self, what: str) -> str:
        log = self.service.log
        last = "\n".join(log.read_text(errors="replace").splitlines()[-LINES_SHOWN:])
        return f"{self.service.name} {what}; the end of {log}:\n{last}"


class Supervisor:
    """Runs a list of services; `say` prints what a person should know."""

    def __init__(self, *, say: Callable[[str], None] = print) -> None:
        self._say = say
        self.processes: dict[str, Process] = {}
        self._failures: dict[str, int] = {}
        self._restart_at: dict[str, float] = {}

    def start(self, *, service: Service, wait: bool = True) -> Process:
        process = Process(service=service)
        self.processes[service.name] = process
        if wait:
            process.wait_until_ready()
        return process

    def restart_crashed(self) -> bool:
        """Notice crashes, and restart services whose pause is over. Returns: whether there was one."""
        restarted = False
        for name, process in list(self.processes.items()):
            if process.status is None:
                if time.monotonic() - process.started_at > HEALTHY_AFTER:
                    self._failures.pop(name, None)
            elif name not in self._restart_at:
                self._plan_restart(name, process)
            elif time.monotonic() >= self._restart_at[name]:
                del self._restart_at[name]
                self.processes[name] = Process(service=process.service)
                restarted = True
        return restarted

    def stop(self) -> None:
        """Stop all at once: each gets its signal, in the reverse order of their start, before any is waited for."""
        for process in reversed(self.processes.values()):
            process.ask_to_stop()
        for process in reversed(self.processes.values()):
            process.wait()
        self.processes.clear()

    def _plan_restart(self, name: str, process: Process) -> None:
        process.wait()
        failures = self._failures[name] = self._failures.get(name, 0) + 1
        pause = min(2.0 ** (failures - 1), LONGEST_PAUSE)
        self._restart_at[name] = time.monotonic() + pause
        log = process.service.log
        self._say(f"{name} ended with status {process.status}; starting it again in {pause:.0f} s (log: {log})")


def answers(*, url: str) -> bool:
    """Whether an HTTP server answers there with anything but a server error."""
    try:
        with urllib.request.urlopen(url, timeout=5) as response:
            return int(response.status) < 500
    except urllib.error.HTTPError as error:
        return error.code < 500
    except (OSError, ValueError):
        return False
