import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

ROOT = Path(__file__).resolve().parents[3]
# With a Label Studio elsewhere there is none to wait a minute for.
ELSEWHERE = {"LABEL_STUDIO_URL": "http://127.0.0.1:9", "LABEL_STUDIO_API_TOKEN": "none"}
START_SECONDS = 90


@pytest.fixture
def data(open_folder: Path, request: pytest.FixtureRequest) -> Path:
    return open_folder / str(request.node.name)[:20]


def _environment(data: Path) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return {**kept, **ELSEWHERE, "FULCRUM_DATA_DIR": str(data)}


def _manage(data: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "manage.py", *arguments]
    return subprocess.run(
        command, cwd=ROOT, env=_environment(data), capture_output=True, text=True, timeout=60, check=False
    )


@contextmanager
def _up(data: Path) -> Iterator["subprocess.Popen[str]"]:
    command = [sys.executable, "-u", "manage.py", "up"]
    process = subprocess.Popen(
        command, cwd=ROOT, env=_environment(data), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    try:
        assert process.stdout is not None
        lines = iter(process.stdout.readline, "")
        assert any(line.startswith("Up.") for line in lines), "it ended before it was up"
        yield process
    finally:
        process.terminate()
        process.communicate(timeout=START_SECONDS)


def _of(data: Path) -> list[int]:
    """Every process that works on this data folder, by what it was started with."""
    found = []
    for process in psutil.process_iter(["pid", "cmdline", "environ"]):
        facts = process.info
        if str(data) in " ".join(facts["cmdline"] or []) or str(data) in str(facts["environ"]):
            found.append(facts["pid"])
    return [pid for pid in found if pid != os.getpid()]


def test_up_serves_and_a_signal_leaves_no_process(data: Path) -> None:
    with _up(data) as process:
        services = _manage(data, "services")
        again = _manage(data, "up")
        cleaned = _manage(data, "clean")
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=START_SECONDS)
    assert process.returncode == 0
    assert _of(data) == []
    assert (services.returncode, again.returncode, cleaned.returncode) == (0, 0, 1)
    assert all(name in services.stdout for name in ("postgres", "web", "workers", "worker-runs", "beat"))
    assert "Already up" in again.stdout
    # Where to, and as whom; its output is no terminal, so no password.
    assert "Sign in at http://127.0.0.1:" in again.stdout
    assert "changepassword admin@example.com" in again.stdout
    assert "with the password" not in again.stdout


def test_up_killed_at_once_leaves_no_process(data: Path) -> None:
    with _up(data) as process:
        process.kill()
        process.communicate(timeout=START_SECONDS)
    end = time.monotonic() + START_SECONDS
    while _of(data):
        assert time.monotonic() < end, "processes were left behind"
        time.sleep(0.2)
