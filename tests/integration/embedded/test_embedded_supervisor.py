import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from embedded.services import Process, Service, ServiceNotReady, Supervisor
from tests.beside import wait_until

PLATFORM = Path(__file__).resolve().parents[3] / "platform"
# A service with a child that fled to a session of its own and does not listen to a polite request.
TREE = """
import os, signal, subprocess, sys, time
child = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
    "print('stubborn', flush=True); time.sleep(60)"
)
process = subprocess.Popen([sys.executable, "-c", child], start_new_session=True)
print("pids", os.getpid(), process.pid, flush=True)
time.sleep(60)
"""


def _service(tmp_path: Path, code: str, *, is_ready: Callable[[], bool] = lambda: True) -> Service:
    return Service(
        name="sample",
        command=(sys.executable, "-c", code),
        environment={"PATH": os.environ["PATH"]},
        folder=tmp_path,
        log=tmp_path / "sample.log",
        is_ready=is_ready,
        ready_seconds=5,
        grace_seconds=1,
    )


def _log(tmp_path: Path) -> str:
    log = tmp_path / "sample.log"
    return log.read_text() if log.exists() else ""


def _tree(tmp_path: Path) -> list[int]:
    wait_until(lambda: "stubborn" in _log(tmp_path) and "pids" in _log(tmp_path))
    line = next(line for line in _log(tmp_path).splitlines() if line.startswith("pids"))
    return [int(pid) for pid in line.split()[1:]]


def _said_after_a_round(supervisor: Supervisor, said: list[str]) -> int:
    supervisor.restart_crashed()
    return len(said)


def test_stopping_ends_the_whole_tree(tmp_path: Path) -> None:
    supervisor = Supervisor()
    supervisor.start(service=_service(tmp_path, TREE))
    pids = _tree(tmp_path)
    supervisor.stop()
    assert not any(psutil.pid_exists(pid) for pid in pids)


def test_a_crash_is_said_and_the_service_started_again(tmp_path: Path) -> None:
    said: list[str] = []
    supervisor = Supervisor(say=said.append)
    supervisor.start(service=_service(tmp_path, "print('hello', flush=True); raise SystemExit(3)"))
    wait_until(lambda: supervisor.restart_crashed() or _log(tmp_path).count("hello") >= 2)
    supervisor.stop()
    assert "status 3" in said[0]


def test_each_crash_waits_longer_than_the_one_before(tmp_path: Path) -> None:
    said: list[str] = []
    supervisor = Supervisor(say=said.append)
    supervisor.start(service=_service(tmp_path, "raise SystemExit(3)"))
    wait_until(lambda: _said_after_a_round(supervisor, said) == 2)
    supervisor.stop()
    assert ("in 1 s" in said[0], "in 2 s" in said[1]) == (True, True)


def test_a_crash_ends_what_the_service_left_behind(tmp_path: Path) -> None:
    process = Process(service=_service(tmp_path, TREE))
    service, child = _tree(tmp_path)
    os.kill(service, signal.SIGKILL)
    process.wait()
    assert not psutil.pid_exists(child)


def test_a_killed_supervisor_leaves_nothing_behind(tmp_path: Path) -> None:
    code = (
        f"import sys; sys.path[:0] = [{str(PLATFORM)!r}, {str(Path(__file__).parent)!r}]\n"
        "import time; from pathlib import Path; import test_embedded_supervisor as t\n"
        f"s = t.Supervisor(); s.start(service=t._service(Path({str(tmp_path)!r}), t.TREE)); time.sleep(60)"
    )
    supervisor = subprocess.Popen([sys.executable, "-c", code])
    pids = _tree(tmp_path)
    supervisor.kill()
    supervisor.wait()
    wait_until(lambda: not any(psutil.pid_exists(pid) for pid in pids))


def test_a_service_that_ends_at_once_is_reported_with_its_last_words(tmp_path: Path) -> None:
    process = Process(service=_service(tmp_path, "print('no such file'); raise SystemExit(2)", is_ready=lambda: False))
    with pytest.raises(ServiceNotReady, match="no such file"):
        process.wait_until_ready()
    process.stop()
